// SPDX-License-Identifier: Apache-2.0
// What only CDI files ask for: the rows of the table that end in "of CDI".
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/cdi/checks.h"
#include "core/plan/draft.h"

namespace xpu {
namespace {

// As the file says, and a bind mount by name where it says nothing of the kind.
std::vector<std::string> options_of(const cdi::Mount& mount) {
  std::vector<std::string> out = mount.options;
  if (cdi::is_bind(mount) && !bind_asked(out)) {
    out.emplace_back("rbind");
  }
  return out;
}

void plan_mount(Draft& draft, const Wanted<cdi::Mount>& wanted) {
  const cdi::Mount& mount = wanted.item;
  const bool bind = cdi::is_bind(mount);
  struct stat status = {};
  if (bind && ::stat(mount.host_path.c_str(), &status) != 0) {
    fail_errno(wanted.why, ": cannot mount ", mount.host_path, " at ", mount.container_path);
  }
  const TargetKind kind =
      !bind || S_ISDIR(status.st_mode) ? TargetKind::kFolder : TargetKind::kFile;
  char real[PATH_MAX];
  const std::string source =
      bind && ::realpath(mount.host_path.c_str(), real) != nullptr ? real : mount.host_path;
  const Target target = bind ? draft.mounts.target_for(source, mount.container_path, kind)
                             : draft.mounts.target(mount.container_path, kind);
  if (!target.usable()) {
    fail(wanted.why, ": cannot mount ", mount.host_path, " at ", mount.container_path, ": ",
         target.problem);
  }
  if (bind && kind == TargetKind::kFolder) {
    const std::string lack = draft.mounts.lacks_place(target, mount.host_path, mount.options);
    if (!lack.empty()) {
      fail(wanted.why, ": cannot mount ", mount.host_path, " at ", mount.container_path, ": ",
           lack);
    }
  }
  draft.mounts.add(target, kind, mount.host_path, options_of(mount), wanted.why,
                   bind ? "bind" : mount.type);
}

void plan_groups(Draft& draft) {
  for (const Wanted<std::uint32_t>& wanted : draft.edits.gids) {
    const std::vector<IdMapping>& mappings = draft.spec.gid_mappings;
    const bool there = std::any_of(mappings.begin(), mappings.end(), [&](const IdMapping& one) {
      return wanted.item >= one.container_id && wanted.item - one.container_id < one.size;
    });
    if (draft.facts.container_user_namespace && !there) {
      draft.plan.warnings.push_back(cat("the group ", wanted.item, " (", wanted.why,
                                        ") is left out: the container's user namespace has none "
                                        "of that number"));
      continue;
    }
    draft.plan.gids.push_back({wanted.item, wanted.why});
  }
}

}  // namespace

void plan_cdi(Draft& draft) {
  std::vector<const Wanted<cdi::Mount>*> mounts;
  for (const Wanted<cdi::Mount>& wanted : draft.edits.mounts) {
    mounts.push_back(&wanted);
  }
  std::stable_sort(mounts.begin(), mounts.end(), [](const auto* a, const auto* b) {
    return path_parts(a->item.container_path).size() < path_parts(b->item.container_path).size();
  });
  for (const Wanted<cdi::Mount>* const wanted : mounts) {
    plan_mount(draft, *wanted);
  }
  plan_groups(draft);
  for (const Wanted<cdi::Hook>& wanted : draft.edits.hooks) {
    draft.plan.hooks.push_back({wanted.item, wanted.why});
  }
  for (const Wanted<cdi::NetDevice>& wanted : draft.edits.net_devices) {
    draft.plan.net_devices.push_back({wanted.item, wanted.why});
  }
  if (draft.edits.rdt) {
    draft.plan.rdt = draft.edits.rdt->item;
  }
}

}  // namespace xpu
