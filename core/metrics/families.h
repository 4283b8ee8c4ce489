// SPDX-License-Identifier: Apache-2.0
// Metrics with their values, before they are text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/metrics/table.h"
#include "core/report/counters.h"

namespace xpu::metrics {

using Labels = std::vector<std::string>;  // values, in the order of the metric's labels

struct Series {
  double value = 0;
  std::int64_t created_ns = 0;  // of a counter or histogram: since when it counts; 0: unknown
  DurationHistogram histogram;
};

class Families {
 public:
  // The first value of a series stays: two of the same labels would make the whole text unusable.
  // Label values are made valid: UTF-8, of at most kLabelBytes.
  void add(Id id, Labels labels, double value, std::int64_t created_ns = 0);
  void add(Id id, Labels labels, const DurationHistogram& histogram, std::int64_t created_ns);

  const std::map<Id, std::map<Labels, Series>>& all() const { return all_; }

 private:
  std::map<Id, std::map<Labels, Series>> all_;
};

inline constexpr std::size_t kLabelBytes = 255;

// Without what is no UTF-8 (U+FFFD stands for it), and not longer than that.
std::string label_value(std::string_view text);

// A time of today in nanoseconds has more digits than a double.
inline double seconds_of(std::int64_t ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return static_cast<double>(ns / kSecond) + static_cast<double>(ns % kSecond) / 1e9;
}

std::string to_prometheus(const Families& families);
std::string to_openmetrics(const Families& families);

}  // namespace xpu::metrics
