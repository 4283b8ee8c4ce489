// SPDX-License-Identifier: Apache-2.0
#include "core/plan/facts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/host.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxCache = 16U << 20;

std::optional<unsigned> host_id_of_root(const std::vector<IdMapping>& mappings) {
  for (const IdMapping& mapping : mappings) {
    if (mapping.container_id == 0 && mapping.size > 0) {
      return mapping.host_id;
    }
  }
  return std::nullopt;
}

}  // namespace

Facts gather_facts(const Spec& spec, const ContainerView& view, const std::string& state_dir) {
  Facts facts;
  facts.caller_is_root = ::geteuid() == 0;
  facts.caller_in_user_namespace = in_user_namespace();
  facts.container_user_namespace = spec.user_namespace || facts.caller_in_user_namespace;
  facts.privileged = spec.all_devices_allowed;
  facts.root_readonly_flag = spec.root_readonly;
  facts.state_dir = state_dir;
  if (spec.user_namespace) {
    // A name space that is joined by path brings its mappings along; the engine has given the root
    // folder to its root.
    const std::optional<struct stat> root = view.rootfs().stat("/");
    facts.root_uid = host_id_of_root(spec.uid_mappings).value_or(root ? root->st_uid : 0);
    facts.root_gid = host_id_of_root(spec.gid_mappings).value_or(root ? root->st_gid : 0);
  }
  struct utsname machine = {};
  ::uname(&machine);
  facts.native_architecture = machine.machine;
  facts.loader = find_loader(view, facts.native_architecture);
  if (facts.native_architecture == "x86_64") {
    facts.loader32 = find_loader(view, "i386");
  }
  if (facts.loader.kind == LoaderKind::kGlibc || facts.loader32.kind == LoaderKind::kGlibc) {
    if (std::optional<std::string> bytes = view.read("/etc/ld.so.cache", kMaxCache)) {
      facts.ld_cache = parse_ld_cache(std::move(*bytes));
    }
  }
  return facts;
}

}  // namespace xpu
