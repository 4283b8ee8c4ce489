// SPDX-License-Identifier: Apache-2.0
// What xpud counts of the reports of starts, for metrics.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/report/report.h"

namespace xpu {

// Counts durations; the buckets are cumulative only when they are rendered.
struct DurationHistogram {
  // Upper ends in seconds; the last bucket has none.
  static constexpr std::array<double, 15> kBounds = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
  std::array<std::uint64_t, kBounds.size() + 1> buckets = {};
  double sum = 0;  // seconds
  std::uint64_t count = 0;

  void add(double seconds);
  bool operator==(const DurationHistogram&) const = default;
};

struct CacheCounts {
  std::uint64_t hits = 0, misses = 0;
  bool operator==(const CacheCounts&) const = default;
};

// Each map has at most kMost keys: what comes after is counted under "other".
struct RuntimeCounters {
  static constexpr std::size_t kMost = 64;

  // Since when all this is counted, nanoseconds since 1970.
  std::int64_t since_ns = 0;
  // By result and vendor; "several" for a start with devices of several, "" where none was given.
  std::map<std::pair<StartResult, std::string>, std::uint64_t> starts;
  std::array<DurationHistogram, kStartSteps> steps;
  DurationHistogram total;                    // of starts that got devices, without the waiting
  std::map<std::string, CacheCounts> caches;  // by backend
  // By rule, and whether it kept the container from starting.
  std::map<std::pair<std::string, bool>, std::uint64_t> denials;

  void add(const StartReport& report);
  bool operator==(const RuntimeCounters&) const = default;
};

}  // namespace xpu
