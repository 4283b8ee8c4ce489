// SPDX-License-Identifier: Apache-2.0
#include "core/apps/holders.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/usage/read.h"
#include "core/usage/summary.h"

namespace xpu {

std::map<std::string, std::string> live_costs(const Config& config, const std::vector<Usage>& live,
                                              std::int64_t now,
                                              std::vector<std::string>* warnings) {
  std::int64_t since = now;
  for (const Usage& usage : live) {
    since = std::min(since, usage.begin_unix);
  }
  try {
    std::vector<Usage> usages = read_usage(config.usage_dir, since, now, warnings);
    close_open(&usages, live);
    return costs_so_far(usages, now);
  } catch (const Error& error) {
    warnings->push_back(cat("costs are not known: ", error.what()));
    return {};
  }
}

std::vector<OutsideRow> outside_of(const Config& config, const std::vector<std::string>& our_roots,
                                   const std::vector<BackendStatus>& backends) {
  std::vector<DeviceNode> nodes;
  for (const BackendStatus& backend : backends) {
    for (const EditGroup& group : backend.catalog.edits) {
      for (const Node& node : group.nodes) {
        if (!group.scope.device.empty()) {
          nodes.push_back({group.scope.device, node});
        }
      }
    }
  }
  std::vector<std::string> roots = usual_runtime_roots("/run");
  for (const std::string& root : our_roots) {
    roots.push_back(root);
    const std::vector<std::string> more = beside(root);
    roots.insert(roots.end(), more.begin(), more.end());
  }
  return outside_containers(roots, Records(config.state_dir), nodes);
}

}  // namespace xpu
