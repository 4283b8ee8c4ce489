// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime monitor` and `xpu-runtime stats`: they look, and show what they see.
#pragma once

#include <string>

#include "core/apps/monitor_tables.h"
#include "core/config/config.h"

namespace xpu {

struct MonitorWish {
  bool once = false, json = false, no_colour = false;
  unsigned interval_s = 0;  // 0: not said
  Page page = Page::kOverview;
  std::string sort;  // a column; "" for none
};
int monitor(const Config& config, const MonitorWish& wish);

struct StatsWish {
  bool json = false, memory_breakdown = false, follow = false;
  unsigned interval_s = 1;
  std::string container;  // "" for all
};
int stats(const Config& config, const StatsWish& wish);

}  // namespace xpu
