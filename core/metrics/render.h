// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/metrics/snapshot.h"

namespace xpu::metrics {

// What is shown of a host with very many containers: those that were there first.
inline constexpr std::size_t kMostContainers = 1000;

// Every metric of core/metrics/table.h of which there is a value, in the order of the table: in the
// text format 0.0.4 of Prometheus, and in OpenMetrics 1.0.
struct Texts {
  std::string prometheus, openmetrics;
};
Texts texts(const Snapshot& snapshot);

std::string prometheus_text(const Snapshot& snapshot);
std::string openmetrics_text(const Snapshot& snapshot);

}  // namespace xpu::metrics
