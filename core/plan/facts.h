// SPDX-License-Identifier: Apache-2.0
// What is true of one container and of who starts it; everything that decides how an edit is
// delivered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/oci/spec.h"
#include "core/rootfs/ld_cache.h"
#include "core/rootfs/loader.h"
#include "core/rootfs/view.h"

namespace xpu {

struct Facts {
  bool caller_is_root = true;             // effective uid 0
  bool caller_in_user_namespace = false;  // our own /proc/self/uid_map is not the initial one
  bool container_user_namespace = false;  // the container gets one of its own or shares ours
  bool privileged = false;                // the engine allows all devices
  bool root_readonly_flag = false;        // root.readonly: the runtime remounts after the mounts
  unsigned root_uid = 0, root_gid = 0;    // host ids of the container's root
  std::string state_dir;                  // generated files of this container go below it
  Loader loader;                          // for the native architecture
  Loader loader32;                        // for i386 on x86_64; kNone elsewhere
  std::optional<LdCache> ld_cache;        // the one that the container will see
  std::string native_architecture;        // uname -m style
};

Facts gather_facts(const Spec& spec, const ContainerView& view, const std::string& state_dir);

}  // namespace xpu
