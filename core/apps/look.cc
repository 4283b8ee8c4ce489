// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include "core/apps/facts.h"
#include "core/apps/holders.h"
#include "core/apps/live.h"
#include "core/base/error.h"
#include "core/start/account.h"

namespace xpu {
namespace {

// A container that lives but holds nothing, and was given nothing, is nobody's concern here.
bool is_shown(const Record& record) {
  return !record.held.empty() || !record.nodes.empty();
}

void look_at_containers(const Config& config, Facts& out) {
  out.containers = live_records(config);
  std::erase_if(out.containers, [](const Record& record) { return !is_shown(record); });
  std::vector<Usage> live;
  std::vector<std::string> roots;
  for (const Record& record : out.containers) {
    roots.push_back(record.runtime_root);
    if (!record.held.empty()) {
      live.push_back(usage_of(record));
    }
  }
  out.costs =
      live_costs(config, live, static_cast<std::int64_t>(std::time(nullptr)), &out.warnings);
  out.outside = outside_of(config, roots, out.backends);
}

}  // namespace

Facts look(const Config& config, Attribution& attribution,
           const std::map<std::string, watch::Sample>& samples,
           const std::vector<std::string>& refresh) {
  Facts out;
  try {
    const std::vector<FoundBackend> found = find_backends(config);
    if (!refresh.empty()) {
      load_backends(config, found, refresh, Freshness::kRefresh);
    }
    out.backends = load_backends(config, found, {}, Freshness::kCacheIfValid);
    look_at_containers(config, out);
    out.uses = attribution.look(out.containers, out.backends, samples);
    out.marks = health_marks(config.state_dir);
    out.lost = lost_devices(out.containers, out.backends, out.marks);
  } catch (const std::exception& error) {
    out.warnings.emplace_back(error.what());
  }
  return out;
}

}  // namespace xpu
