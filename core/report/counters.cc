// SPDX-License-Identifier: Apache-2.0
#include "core/report/counters.h"

#include <algorithm>

namespace xpu {
namespace {

constexpr double kNanosecond = 1e-9;

std::string vendor_of(const StartReport& report) {
  return report.vendors.empty()       ? ""
         : report.vendors.size() == 1 ? report.vendors.front()
                                      : "several";
}

// The entry of a key, or that of "other" where there are too many.
template <class Map, class Key>
auto& entry(Map& map, const Key& key, const Key& other) {
  const auto found = map.find(key);
  return found != map.end()                    ? found->second
         : map.size() < RuntimeCounters::kMost ? map[key]
                                               : map[other];
}

}  // namespace

void DurationHistogram::add(double seconds) {
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  ++buckets[static_cast<std::size_t>(bucket - kBounds.begin())];
  sum += seconds;
  ++count;
}

void RuntimeCounters::add(const StartReport& report) {
  using Start = std::pair<StartResult, std::string>;
  ++entry(starts, Start(report.result, vendor_of(report)), Start(report.result, "other"));
  for (std::size_t i = 0; i < kStartSteps; ++i) {
    if (report.step_ns[i] > 0) {
      steps[i].add(static_cast<double>(report.step_ns[i]) * kNanosecond);
    }
  }
  if (report.result == StartResult::kStarted) {
    const std::int64_t waited = report.step_ns[static_cast<std::size_t>(StartStep::kWaiting)];
    total.add(static_cast<double>(std::max<std::int64_t>(report.total_ns - waited, 0)) *
              kNanosecond);
  }
  for (const auto& [backend, hit] : report.caches) {
    CacheCounts& counts = entry(caches, backend, std::string("other"));
    ++(hit ? counts.hits : counts.misses);
  }
  using Rule = std::pair<std::string, bool>;
  if (report.result == StartResult::kDenied) {
    ++entry(denials, Rule(report.rule, true), Rule("other", true));
  }
  for (const std::string& rule : report.passed_by) {
    ++entry(denials, Rule(rule, false), Rule("other", false));
  }
}

}  // namespace xpu
