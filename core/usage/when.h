// SPDX-License-Identifier: Apache-2.0
// Points in time as people write them.
#pragma once

#include <cstdint>
#include <string_view>

namespace xpu {

// Seconds since 1970 of:
//   2026-11, 2026-11-01, 2026-11-01T12:00, 2026-11-01 12:00:30   in UTC, like the journal's months
//   2026-11-01T12:00:00Z, 2026-11-01T12:00:00+02:00              with a zone
//   90s, 30m, 24h, 7d, 2w                                        before `now`
//   month                                                        the first of this month, UTC
//   @1700000000                                                  seconds since 1970
// Throws Error for anything else.
std::int64_t parse_time(std::string_view text, std::int64_t now);

}  // namespace xpu
