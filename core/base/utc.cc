// SPDX-License-Identifier: Apache-2.0
#include "core/base/utc.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace xpu {
namespace {

// What a clock can show; nothing that has no year of four digits.
std::tm broken_down(std::int64_t unix_time) {
  constexpr std::int64_t kYear0 = -62167219200;
  constexpr std::int64_t kYear10000 = 253402300800;
  const std::time_t time = std::clamp(unix_time, kYear0, kYear10000 - 1);
  std::tm out = {};
  ::gmtime_r(&time, &out);
  return out;
}

}  // namespace

std::string utc_text(std::int64_t unix_time) {
  const std::tm tm = broken_down(unix_time);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return text;
}

int month_of(std::int64_t unix_time) {
  const std::tm tm = broken_down(unix_time);
  return (tm.tm_year + 1900) * 12 + tm.tm_mon;
}

std::string month_text(int month) {
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02d", month / 12, month % 12 + 1);
  return text;
}

}  // namespace xpu
