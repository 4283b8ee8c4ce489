// SPDX-License-Identifier: Apache-2.0
#include "core/base/utc.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace xpu {
namespace {

namespace chrono = std::chrono;

// What a clock can show; nothing that has no year of four digits. Not gmtime(), which reads
// /etc/localtime first.
chrono::sys_seconds shown(std::int64_t unix_time) {
  constexpr std::int64_t kYear0 = -62167219200;
  constexpr std::int64_t kYear10000 = 253402300800;
  return chrono::sys_seconds(chrono::seconds(std::clamp(unix_time, kYear0, kYear10000 - 1)));
}

chrono::year_month_day date_of(chrono::sys_seconds time) {
  return chrono::year_month_day(chrono::floor<chrono::days>(time));
}

}  // namespace

std::string utc_text(std::int64_t unix_time) {
  const chrono::sys_seconds time = shown(unix_time);
  const chrono::year_month_day date = date_of(time);
  const chrono::hh_mm_ss clock(time - chrono::floor<chrono::days>(time));
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

int month_of(std::int64_t unix_time) {
  const chrono::year_month_day date = date_of(shown(unix_time));
  return static_cast<int>(date.year()) * 12 +
         static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

std::string month_text(int month) {
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02d", month / 12, month % 12 + 1);
  return text;
}

}  // namespace xpu
