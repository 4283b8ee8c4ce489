// SPDX-License-Identifier: Apache-2.0
// A container's file tree as its processes will see it: the root file system with the spec's own
// mounts over it. The container does not run yet, so paths are looked up through the mounts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/spec.h"
#include "core/rootfs/rootfs.h"

namespace xpu {

// What lies at a container path.
struct Place {
  enum class Kind {
    kRootfs,   // in the root file system
    kBind,     // in a bind mount of the spec: a folder or file of the host
    kVirtual,  // in tmpfs, proc, sysfs, devpts, overlay, ... that the runtime mounts
  } kind = Kind::kRootfs;
  const SpecMount* mount = nullptr;  // with kBind and kVirtual: the last mount that covers the path
  std::string inside;                // path below the root or below the mount's source, "/..."
};

class ContainerView {
 public:
  // `bundle` makes relative sources absolute. Spec must be loaded and outlive the view.
  ContainerView(const Spec& spec, const Rootfs& rootfs, std::string bundle);

  const Rootfs& rootfs() const { return rootfs_; }
  // Follows links of the root file system (not of bind sources) before it looks for a mount.
  Place locate(std::string_view container_path) const;
  // Reads through mounts of kBind (opened on the host, the source is the engine's own choice) and
  // the root file system; nothing is found in kVirtual.
  std::optional<struct stat> stat(std::string_view container_path) const;
  std::optional<std::string> read(std::string_view container_path, std::size_t limit) const;
  std::optional<std::string> resolve(std::string_view container_path) const;

 private:
  const Spec& spec_;
  const Rootfs& rootfs_;
  std::string bundle_;
};

}  // namespace xpu
