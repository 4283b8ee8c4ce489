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

bool is_that_node(const Node& node, const struct stat& status) {
  switch (node.type) {
    case 'p':
      return S_ISFIFO(status.st_mode);
    case 'b':
      return S_ISBLK(status.st_mode) && status.st_rdev == makedev(node.major, node.minor);
    default:
      return S_ISCHR(status.st_mode) && status.st_rdev == makedev(node.major, node.minor);
  }
}

// A CDI file can give the numbers of a node that the host need not have.
bool is_numbered(const Node& node) {
  return node.terms != nullptr && node.terms->numbered;
}

// The node as it is now: what the catalog says was true when it was made.
struct stat checked_node(const Node& node) {
  struct stat status = {};
  if (::stat(node.host_path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      fail("the device node ", node.host_path, " is gone; run: xpu-runtime detect --refresh");
    }
    fail_errno("cannot look up the device node ", node.host_path);
  }
  if (!is_that_node(node, status)) {
    if (node.type == 'p') {
      fail(node.host_path, " is no named pipe");
    }
    fail("the device node ", node.host_path, " is no longer ",
         node.type == 'b' ? "block" : "character", " device ", node.major, ":", node.minor,
         "; run: xpu-runtime detect --refresh");
  }
  return status;
}

std::string description(const Node& node, const struct stat& status) {
  char mode[8];
  std::snprintf(mode, sizeof(mode), "%04o", status.st_mode & 07777U);
  return cat(node.host_path, " (mode ", mode, ", owner ", status.st_uid, ":", status.st_gid, ")");
}

// What of a mode's three bits opening the node takes: none where nobody is to open it.
unsigned needed_bits(const Node& node) {
  const std::string access = access_of(node);
  return (may(access, 'r') ? 04U : 0U) | (may(access, 'w') ? 02U : 0U);
}

bool everybody_may(const struct stat& status, unsigned needed) {
  return (status.st_mode & needed) == needed;
}

// The id on the host. A name space that is joined by path brings mappings along that the spec does
// not have; engines make them one range, beginning at its root.
std::int64_t host_id(const Spec& spec, const std::vector<IdMapping>& mappings, unsigned root,
                     std::int64_t id) {
  for (const IdMapping& mapping : mappings) {
    if (id >= mapping.container_id && id - mapping.container_id < mapping.size) {
      return id - mapping.container_id + mapping.host_id;
    }
  }
  if (!spec.user_namespace) {
    return id;
  }
  return mappings.empty() ? id + root : -1;
}

struct User {
  std::int64_t uid = 0;
  std::vector<std::int64_t> gids;  // its own first
};

User user_on_host(const Draft& draft) {
  const Spec& spec = draft.spec;
  const auto group = [&](std::int64_t gid) {
    return host_id(spec, spec.gid_mappings, draft.facts.root_gid, gid);
  };
  User user = {host_id(spec, spec.uid_mappings, draft.facts.root_uid, spec.process_uid),
               {group(spec.process_gid)}};
  for (const std::int64_t gid : spec.process_groups) {
    user.gids.push_back(group(gid));
  }
  return user;
}

// "; give the node mode 0666 with a udev rule"
std::string mode_advice(const Node& node) {
  return cat("; give the node mode ", needed_bits(node) == 04U ? "0444" : "0666",
             " with a udev rule");
}

// As the kernel decides: only the first class counts that the user is in. In a user namespace the
// capability reaches nodes only whose owner and group are both mapped.
bool may_open(const Draft& draft, const struct stat& status, unsigned needed) {
  const Spec& spec = draft.spec;
  const bool mapped =
      !draft.facts.container_user_namespace ||
      (is_mapped(spec.uid_mappings, status.st_uid) && is_mapped(spec.gid_mappings, status.st_gid));
  if (spec.process_overrides_modes && mapped) {
    return true;
  }
  // An owner that the caller's name space does not have looks like this one, and is nobody's.
  constexpr unsigned kOverflow = 65534;
  const bool foreign = draft.facts.caller_in_user_namespace;
  const User user = user_on_host(draft);
  if (user.uid == status.st_uid && !(foreign && status.st_uid == kOverflow)) {
    return (status.st_mode >> 6U & needed) == needed;
  }
  const bool group =
      !(foreign && status.st_gid == kOverflow) &&
      std::find(user.gids.begin(), user.gids.end(), status.st_gid) != user.gids.end();
  return group ? (status.st_mode >> 3U & needed) == needed : everybody_may(status, needed);
}

[[noreturn]] void fail_user(const Draft& draft, const Node& node, const struct stat& status) {
  const Spec& spec = draft.spec;
  const User user = user_on_host(draft);
  const std::string numbers =
      draft.facts.container_user_namespace
          ? cat(" (", user.uid, ":", user.gids.front(), " outside its user namespace)")
          : "";
  fail("the container's user ", spec.process_uid, ":", spec.process_gid, numbers,
       " cannot open the device node ", description(node, status), mode_advice(node),
       ", or the container a user or group that may open it");
}

// What is in the container is a node of the host or of a volume, with its own mode and owner.
void check_user(const Draft& draft, const Node& node, const struct stat& status) {
  if (!may_open(draft, status, needed_bits(node))) {
    fail_user(draft, node, status);
  }
}

// The caller is no root itself: the container has the caller's rights at most.
void check_caller(Draft& draft, const Node& node, const struct stat& status) {
  const unsigned needed = needed_bits(node);
  const int mode = ((needed & 04U) != 0 ? R_OK : 0) | ((needed & 02U) != 0 ? W_OK : 0);
  if (needed == 0) {
    return;
  }
  if (::faccessat(AT_FDCWD, node.host_path.c_str(), mode, AT_EACCESS) != 0) {
    fail("user ", ::geteuid(), " cannot open the device node ", description(node, status),
         "; add the user to the node's group or", mode_advice(node).substr(1));
  }
  const bool is_caller = user_on_host(draft).uid == ::geteuid();
  const bool owner = status.st_uid == ::geteuid() || status.st_gid == ::getegid();
  if (everybody_may(status, needed) || (is_caller ? owner : may_open(draft, status, needed))) {
    return;
  }
  // The caller's own access may also come from an access control list, which holds for it alone.
  const bool by_group = status.st_uid != ::geteuid() && (status.st_mode >> 3U & needed) == needed;
  if (!is_caller && !by_group) {
    fail_user(draft, node, status);
  }
  draft.plan.warnings.push_back(
      cat("the device node ", description(node, status),
          " is open to the caller through a supplementary group only, which the low-level "
          "runtime must keep (podman: --group-add keep-groups)"));
}

void plan_in_user_namespace(Draft& draft, const Wanted<Node>& wanted, const struct stat& status) {
  const Node& node = wanted.item;
  const bool rootful = draft.facts.caller_is_root && !draft.facts.caller_in_user_namespace;
  if (rootful) {
    check_user(draft, node, status);
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

bool without_devices(const SpecMount& mount) {
  bool out = false;
  for (const std::string& option : mount.options) {
    out = option == "nodev" || (out && option != "dev");
  }
  return out;
}

// Whether a linux.devices entry gives the container a node that it can open. runc and crun make it
// with the mode of the entry, but leave alone what is there already, whatever it is and whoever may
// open it.
bool runtime_makes(const Draft& draft, const Node& node) {
  const Place place = draft.view.locate(node.container_path);
  if (place.mount != nullptr && without_devices(*place.mount)) {
    return false;
  }
  if (place.kind == Place::Kind::kVirtual) {
    return true;
  }
  const std::optional<struct stat> there = draft.view.stat(node.container_path);
  if (!there) {
    return place.kind == Place::Kind::kRootfs && draft.mounts.writable(folder_of(place.path));
  }
  return is_that_node(node, *there) && may_open(draft, *there, needed_bits(node));
}

// A mode that a CDI file gives is the owner's to use, and the owner, where it names none, the
// container's user: so do all consumers of CDI files.
Node made_node(const Draft& draft, const Node& node) {
  if (node.terms == nullptr || !node.terms->mode || (node.terms->uid && node.terms->gid)) {
    return node;
  }
  NodeTerms terms = *node.terms;
  terms.uid = terms.uid.value_or(static_cast<std::uint32_t>(draft.spec.process_uid));
  terms.gid = terms.gid.value_or(static_cast<std::uint32_t>(draft.spec.process_gid));
  Node out = node;
  out.terms = std::make_shared<const NodeTerms>(std::move(terms));
  return out;
}

}  // namespace

void plan_nodes(Draft& draft) {
  for (const Wanted<Node>& wanted : draft.edits.nodes) {
    const bool rootful = !draft.facts.container_user_namespace && draft.facts.caller_is_root;
    std::optional<struct stat> status;
    if (!rootful || !is_numbered(wanted.item)) {
      status = checked_node(wanted.item);
    }
    if (!rootful) {
      plan_in_user_namespace(draft, wanted, *status);
      mount_node(draft, wanted);
    } else if (runtime_makes(draft, wanted.item)) {
      draft.plan.devices.push_back({made_node(draft, wanted.item), wanted.why});
    } else {
      check_user(draft, wanted.item, status ? *status : checked_node(wanted.item));
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
