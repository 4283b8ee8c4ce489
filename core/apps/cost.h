// SPDX-License-Identifier: Apache-2.0
// xpu-runtime cost report: who held which device for how long, and what that cost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/usage/summary.h"
#include "core/usage/usage.h"

namespace xpu {

enum class CostFormat { kText, kJson, kCsv };

struct CostRequest {
  std::string usage_dir;    // of the configuration
  std::string prices_file;  // where a price that is missing belongs, for messages
  std::vector<Usage> live;  // leases of now, from the container records
  // As parse_time() reads them; "" for the first of this month and for now.
  std::string since, until;
  std::string by = "container";  // one of kCostGroups
  CostFormat format = CostFormat::kText;
  std::int64_t now = 0;
  unsigned width = 80;  // columns of the terminal
};

inline constexpr std::string_view kCostGroups[] = {"container", "image", "device", "vendor",
                                                   "label"};

// What is to be printed. Throws Error for a time or a grouping that is none, and for a journal that
// cannot be read; what of it was left out is told in `warnings`.
std::string cost_report(const CostRequest& request, std::vector<std::string>* warnings);

// The parts of it. `journal` and `prices_file` are for messages.
std::string report_text(const CostReport& report, const std::string& journal,
                        const std::string& prices_file, unsigned width);
std::string report_json(const CostReport& report);
// One line for each row and currency, after RFC 4180. A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
std::string report_csv(const CostReport& report);

}  // namespace xpu
