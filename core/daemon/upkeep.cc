// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/upkeep.h"

#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/plan/number_links.h"
#include "core/publish/notes.h"

namespace xpu {
namespace {

bool is_ours(const std::string& folder) {
  struct stat status = {};
  return ::stat(folder.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

void publish(const Task& task, Outcome& outcome) {
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const std::string& folder : task.config->cdi_spec_dirs) {
    struct stat status = {};
    // /var/run is /run, and one folder may be named twice.
    if (::stat(folder.c_str(), &status) != 0 || !is_ours(folder) ||
        !seen.emplace(status.st_dev, status.st_ino).second) {
      continue;
    }
    try {
      const std::vector<std::string> changes =
          repeat_cdi_refresh(*task.config, folder, &outcome.problems);
      outcome.changes.insert(outcome.changes.end(), changes.begin(), changes.end());
    } catch (const std::exception& error) {
      outcome.problems.emplace_back(error.what());
    }
  }
  if (::geteuid() == 0 && !in_user_namespace()) {
    const std::vector<std::string> links =
        make_missing_links(task.known, "/dev", &outcome.problems);
    outcome.changes.insert(outcome.changes.end(), links.begin(), links.end());
  }
}

}  // namespace

std::vector<std::string> make_missing_links(const std::vector<BackendStatus>& statuses,
                                            const std::string& dev,
                                            std::vector<std::string>* problems) {
  std::vector<std::string> out;
  for (const BackendStatus& status : statuses) {
    if (status.state != BackendState::kReady) {
      continue;
    }
    for (const EditGroup& group : status.catalog.edits) {
      for (const Node& node : group.nodes) {
        try {
          if (!has_number_link(node, dev)) {
            make_number_link(node, dev);
            out.push_back(cat(dev, node.type == 'b' ? "/block/" : "/char/", node.major, ":",
                              node.minor, ": made, it leads to ", node.host_path));
          }
        } catch (const Error& error) {
          problems->emplace_back(error.what());
        }
      }
    }
  }
  return out;
}

Outcome perform(const Task& task) noexcept {
  Outcome outcome;
  try {
    if (task.everything || !task.backends.empty()) {
      outcome.statuses =
          load_backends(*task.config, find_backends(*task.config), task.backends, task.freshness);
    }
    if (task.publish) {
      publish(task, outcome);
    }
    if (task.heal) {
      outcome.healed = heal(task.live, task.known);
    }
  } catch (const std::exception& error) {
    outcome.problems.emplace_back(error.what());
  }
  return outcome;
}

}  // namespace xpu
