// SPDX-License-Identifier: Apache-2.0
// Device nodes: the rows of the table that begin with "device node".
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/base/error.h"
#include "core/plan/draft.h"

namespace xpu {
namespace {

// The node as it is now: what the catalog says was true when it was made.
struct stat checked_node(const Node& node) {
  struct stat status = {};
  if (::stat(node.host_path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      fail("the device node ", node.host_path, " is gone; run: xpu-runtime detect --refresh");
    }
    fail_errno("cannot look up the device node ", node.host_path);
  }
  const bool type = node.type == 'b' ? S_ISBLK(status.st_mode) : S_ISCHR(status.st_mode);
  if (!type || status.st_rdev != makedev(node.major, node.minor)) {
    fail("the device node ", node.host_path, " is no longer ",
         node.type == 'b' ? "block" : "character", " device ", node.major, ":", node.minor,
         "; run: xpu-runtime detect --refresh");
  }
  return status;
}

bool is_mapped(const std::vector<IdMapping>& mappings, unsigned id) {
  return std::any_of(mappings.begin(), mappings.end(), [&](const IdMapping& mapping) {
    return id >= mapping.host_id && id - mapping.host_id < mapping.size;
  });
}

std::string description(const Node& node, const struct stat& status) {
  char mode[8];
  std::snprintf(mode, sizeof(mode), "%04o", status.st_mode & 07777U);
  return cat(node.host_path, " (mode ", mode, ", owner ", status.st_uid, ":", status.st_gid, ")");
}

bool everybody_may(const struct stat& status) {
  return (status.st_mode & 06U) == 06U;
}

// A rootful caller puts the container into a user namespace: its root has the rights of the host id
// that it maps to, and all rights over nodes whose owner and group are both mapped.
void check_mapped_root(const Draft& draft, const Node& node, const struct stat& status) {
  const Spec& spec = draft.spec;
  const bool mapped =
      is_mapped(spec.uid_mappings, status.st_uid) && is_mapped(spec.gid_mappings, status.st_gid);
  const bool owner = status.st_uid == draft.facts.root_uid && (status.st_mode & 0600U) == 0600U;
  const bool group = status.st_gid == draft.facts.root_gid && (status.st_mode & 060U) == 060U;
  if (!everybody_may(status) && !mapped && !owner && !group) {
    fail("the root of the container's user namespace (user ", draft.facts.root_uid,
         " of the host) cannot open the device node ", description(node, status),
         "; give the node mode 0666 or a mapped owner with a udev rule");
  }
}

// The caller is no root itself: the container has the caller's rights.
void check_caller(Draft& draft, const Node& node, const struct stat& status) {
  if (::faccessat(AT_FDCWD, node.host_path.c_str(), R_OK | W_OK, AT_EACCESS) != 0) {
    fail("user ", ::geteuid(), " cannot open the device node ", description(node, status),
         "; add the user to the node's group or give the node mode 0666 with a udev rule");
  }
  const bool owner = status.st_uid == ::geteuid() || status.st_gid == ::getegid();
  if (!everybody_may(status) && !owner) {
    draft.plan.warnings.push_back(
        cat("the device node ", description(node, status),
            " is open to the caller through a supplementary group only, which the low-level "
            "runtime must keep (podman: --group-add keep-groups)"));
  }
}

void plan_in_user_namespace(Draft& draft, const Wanted<Node>& wanted, const struct stat& status) {
  const Node& node = wanted.item;
  const bool rootful = draft.facts.caller_is_root && !draft.facts.caller_in_user_namespace;
  if (rootful) {
    check_mapped_root(draft, node, status);
    draft.plan.device_rules.push_back(node);
  } else {
    check_caller(draft, node, status);
  }
}

void mount_node(Draft& draft, const Wanted<Node>& wanted) {
  const Target target = draft.mounts.target(wanted.item.container_path, TargetKind::kFile);
  if (!target.usable()) {
    fail("cannot bring the device node ", wanted.item.container_path,
         " into the container: ", target.problem);
  }
  draft.mounts.add(target, TargetKind::kFile, wanted.item.host_path,
                   {"bind", "nosuid", "noexec", "rprivate"}, wanted.why);
}

// What the runtime would make of a linux.devices entry.
enum class Native { kMakes, kOtherIsThere, kCannot };

Native native_node(const Draft& draft, const Node& node) {
  const Place place = draft.view.locate(node.container_path);
  if (place.kind == Place::Kind::kVirtual) {
    return Native::kMakes;
  }
  const std::optional<struct stat> there = draft.view.stat(node.container_path);
  if (!there) {
    const bool makes =
        place.kind == Place::Kind::kRootfs && draft.mounts.writable(folder_of(place.path));
    return makes ? Native::kMakes : Native::kCannot;
  }
  const bool same = there->st_rdev == makedev(node.major, node.minor) &&
                    (node.type == 'b' ? S_ISBLK(there->st_mode) : S_ISCHR(there->st_mode));
  // runc and crun leave a node alone that is there already, whichever it is.
  return same ? Native::kMakes : Native::kOtherIsThere;
}

}  // namespace

void plan_nodes(Draft& draft) {
  for (const Wanted<Node>& wanted : draft.edits.nodes) {
    const struct stat status = checked_node(wanted.item);
    if (draft.facts.container_user_namespace || !draft.facts.caller_is_root) {
      plan_in_user_namespace(draft, wanted, status);
      mount_node(draft, wanted);
    } else if (native_node(draft, wanted.item) == Native::kMakes) {
      draft.plan.devices.push_back({wanted.item, wanted.why});
    } else {
      draft.plan.device_rules.push_back(wanted.item);
      mount_node(draft, wanted);
    }
  }
  if (draft.facts.privileged && !draft.edits.nodes.empty()) {
    draft.plan.notes.push_back(
        "the container is privileged and may open every device of the host, not only those it "
        "asked for");
  }
}

}  // namespace xpu
