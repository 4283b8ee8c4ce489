// SPDX-License-Identifier: Apache-2.0
#include "core/heal/heal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/joined.h"
#include "core/base/path.h"
#include "core/base/trust.h"
#include "core/engine/restart.h"
#include "core/heal/access.h"
#include "core/heal/programs.h"
#include "core/heal/rules.h"
#include "core/record/cgroup.h"

namespace xpu {
namespace {

constexpr std::size_t kLargestConfig = std::size_t{16} << 20, kMostNames = 8;

std::string title(const Record& record) {
  return record.origin.name.empty() ? record.id.substr(0, 12) : record.origin.name;
}

std::string names_of(const std::vector<Node>& nodes) {
  std::vector<std::string> out;
  for (const Node& node : nodes) {
    out.push_back(cat(node.host_path, " (", node.type, ' ', node.major, ':', node.minor, ')'));
  }
  return first_joined(out, kMostNames);
}

// Rules in force of the bundle's config.json. Throws Error.
std::vector<DeviceRule> rules_of(const Record& record) {
  const std::string path = cat(record.bundle, "/config.json");
  const Fd fd = open_trusted(path, TrustKind::kFile);
  if (!fd) {
    fail(path, " is not there any more");
  }
  return rules_in_force(rules_in(read_fd(fd.get(), path, kLargestConfig), path));
}

// A node of the container that the driver has under other numbers now: what the container has under
// the name is nothing, or something else.
std::vector<Node> renumbered(const Record& record, const std::vector<BackendStatus>& backends) {
  std::vector<Node> out;
  for (const BackendStatus& backend : backends) {
    if (backend.state != BackendState::kReady) {
      continue;
    }
    for (const EditGroup& group : backend.catalog.edits) {
      for (const Node& now : group.nodes) {
        for (const Node& then : record.nodes) {
          if (then.terms == nullptr && now.host_path == then.host_path &&
              (now.type != then.type || now.major != then.major || now.minor != then.minor) &&
              !contains(out, now)) {
            out.push_back(now);
          }
        }
      }
    }
  }
  return out;
}

void allow_in_v1(const std::string& folder, const std::vector<Node>& nodes) {
  const std::string path = cat(folder, "/devices.allow");
  const Fd fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    fail_errno("cannot open ", path);
  }
  for (const Node& node : nodes) {
    const std::string rule = cat(node.type, ' ', node.major, ':', node.minor, ' ', access_of(node));
    if (::write(fd.get(), rule.data(), rule.size()) < 0) {
      // The kernel lets no cgroup have what the one above it may not have.
      fail(errno == EPERM
               ? cat("the cgroup above ", folder, " may not open ", node.host_path, " either")
               : cat("cannot write to ", path, ": ", std::strerror(errno)));
    }
  }
}

class Patient {
 public:
  Patient(const Record& record, const ContainerCgroup& cgroup) : record_(record), cgroup_(cgroup) {}

  // nullopt for one that lacks nothing.
  std::optional<Healed> treat() {
    lost_ = denied_nodes(cgroup_, record_.nodes).value_or(std::vector<Node>());
    if (lost_.empty()) {
      return std::nullopt;
    }
    try {
      const std::vector<DeviceRule> rules = rules_of(record_);
      // Nor did config.json ever allow the others.
      std::erase_if(lost_, [&](const Node& node) { return !allowed(rules, node); });
      if (lost_.empty()) {
        return std::nullopt;
      }
      return result(true,
                    cat("gave ", names_of(lost_), " back to the container ", title(record_),
                        ", whose cgroup denied it: ", cgroup_.v2 ? by_program(rules) : by_rules()));
    } catch (const Error& problem) {
      return result(
          false, cat("the container ", title(record_), " may no longer open ", names_of(lost_),
                     ", and cannot be given it back: ", problem.what(), "; ", restart_of(record_)));
    }
  }

 private:
  Healed result(bool done, std::string what) const {
    return {record_.id, record_.runtime_root, done, std::move(what)};
  }

  bool is_well() const {
    const std::optional<std::vector<Node>> denied = denied_nodes(cgroup_, lost_);
    return denied && denied->empty();
  }

  std::string by_rules() const {
    // Where the first process went on into a cgroup below, that lost what the one above it lost.
    std::vector<std::string> folders = {cgroup_.init_folder};
    while (folders.back() != cgroup_.folder) {
      folders.push_back(folder_of(folders.back()));
    }
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
      allow_in_v1(*folder, lost_);
    }
    if (!is_well()) {
      fail("it is denied although ", cgroup_.folder, "/devices.allow took it");
    }
    return cat("written to devices.allow of ", cgroup_.folder);
  }

  std::string by_program(const std::vector<DeviceRule>& rules) const {
    const std::vector<std::string> taken_off =
        replace_programs(cgroup_.folder, program_of(rules), [&] { return is_well(); });
    return cat("attached a program that says what config.json says to ", cgroup_.folder,
               " and took off ", joined(taken_off));
  }

  const Record& record_;
  const ContainerCgroup& cgroup_;
  std::vector<Node> lost_;
};

}  // namespace

std::vector<Healed> heal(const std::vector<Record>& live,
                         const std::vector<BackendStatus>& backends) {
  std::vector<Healed> out;
  for (const Record& record : live) {
    if (record.nodes.empty()) {
      continue;
    }
    try {
      if (const std::optional<ContainerCgroup> cgroup = container_cgroup("", record)) {
        if (std::optional<Healed> healed = Patient(record, *cgroup).treat()) {
          out.push_back(std::move(*healed));
        }
      }
    } catch (const Error& problem) {
      out.push_back({record.id, record.runtime_root, false,
                     cat("it is not known whether the container ", title(record),
                         " may open its devices: ", problem.what())});
    }
    if (const std::vector<Node> now = renumbered(record, backends); !now.empty()) {
      out.push_back(
          {record.id, record.runtime_root, false,
           cat("the driver has other numbers for ", names_of(now), " now than the container ",
               title(record), " was given; ", restart_of(record))});
    }
  }
  return out;
}

}  // namespace xpu
