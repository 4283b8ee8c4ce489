// SPDX-License-Identifier: Apache-2.0
// The calendar of UTC, whatever TZ says.
#pragma once

#include <cstdint>
#include <string>

namespace xpu {

// "2026-11-01T12:00:00Z"
std::string utc_text(std::int64_t unix_time);

// Months since the year 0, so that they can be counted: 2026-11 is 2026 * 12 + 10.
int month_of(std::int64_t unix_time);
// "2026-11"
std::string month_text(int month);

}  // namespace xpu
