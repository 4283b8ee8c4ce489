// SPDX-License-Identifier: Apache-2.0
// The part of a plan that is carried out before the low-level runtime starts.
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plan/plan.h"
#include "core/plan/target.h"

namespace xpu {

void prepare_rootfs(const Plan& plan, const Rootfs& rootfs, const Facts& facts) {
  // An unprivileged caller cannot give files away: what it makes is its own, and so is the
  // container.
  const unsigned uid = facts.caller_is_root ? facts.root_uid : ::geteuid();
  const unsigned gid = facts.caller_is_root ? facts.root_gid : ::getegid();
  std::string made;  // most writes share one folder
  for (const PlannedRootfsWrite& write : plan.rootfs) {
    const std::string needed = folder_of(write.path);
    if (needed != made) {
      rootfs.make_folders(needed, uid, gid);
      made = needed;
    }
    if (write.kind == PlannedRootfsWrite::Kind::kFile) {
      rootfs.write(write.path, write.content, 0644, uid, gid);
    } else if (!rootfs.symlink(write.path, write.content, uid, gid)) {
      fail(write.path, " in the container's root file system ", rootfs.path(),
           " has become something else than a link meanwhile; start the container again");
    }
  }
}

void prepare_state(const Plan& plan, const std::string& state_dir) {
  if (plan.state.empty()) {
    return;
  }
  open_state_dir(state_dir);
  const Rootfs state(state_dir);
  const unsigned uid = ::geteuid();
  const unsigned gid = ::getegid();
  for (const PlannedState& item : plan.state) {
    if (item.kind == PlannedState::Kind::kFolder) {
      state.make_folders(item.path, uid, gid);
      continue;
    }
    state.make_folders(folder_of("/" + item.path), uid, gid);
    if (item.kind == PlannedState::Kind::kFile) {
      state.write("/" + item.path, item.content, 0644, uid, gid);
    } else if (!state.symlink("/" + item.path, item.content, uid, gid)) {
      fail(state_dir, "/", item.path, " is no link; remove it");
    }
  }
}

}  // namespace xpu
