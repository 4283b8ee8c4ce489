// SPDX-License-Identifier: Apache-2.0
#include "core/usage/when.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "core/base/utc.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

constexpr std::int64_t kNow = 1794744000;  // 2026-11-15T12:00:00Z

TEST(ParseTime, ReadsWhatPeopleWrite) {
  const struct {
    const char* text;
    const char* utc;
  } kCases[] = {
      {"2026-11-01", "2026-11-01T00:00:00Z"},
      {"2026-11", "2026-11-01T00:00:00Z"},
      {"2028-02-29", "2028-02-29T00:00:00Z"},
      {"2026-11-01T12:34", "2026-11-01T12:34:00Z"},
      {"2026-11-01 12:34:56", "2026-11-01T12:34:56Z"},
      {"2026-11-01T12:00:00Z", "2026-11-01T12:00:00Z"},
      {"2026-11-01T12:00:00+02:00", "2026-11-01T10:00:00Z"},
      {"2026-11-01T12:00-05:30", "2026-11-01T17:30:00Z"},
      {"7d", "2026-11-08T12:00:00Z"},
      {"2w", "2026-11-01T12:00:00Z"},
      {"24h", "2026-11-14T12:00:00Z"},
      {"30m", "2026-11-15T11:30:00Z"},
      {"90s", "2026-11-15T11:58:30Z"},
      {"0s", "2026-11-15T12:00:00Z"},
      {"month", "2026-11-01T00:00:00Z"},
      {"@1700000000", "2023-11-14T22:13:20Z"},
  };
  for (const auto& [text, utc] : kCases) {
    EXPECT_EQ(utc_text(parse_time(text, kNow)), utc) << text;
  }
}

TEST(ParseTime, DoesNotAskTheZoneOfTheCaller) {
  EXPECT_EQ(test::in_child([] {
              ::setenv("TZ", "America/New_York", 1);
              ::tzset();
              return utc_text(parse_time("2026-07-01", kNow)) + utc_text(parse_time("month", kNow));
            }),
            "2026-07-01T00:00:00Z2026-11-01T00:00:00Z");
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const std::string text : {"",
                                 "yesterday",
                                 "2026",
                                 "2026-13-01",
                                 "2026-00-01",
                                 "2026-02-30",
                                 "2026-11-00",
                                 "2026-11-1",
                                 "2026-11-01x",
                                 "2026-11-01T",
                                 "2026-11-01T24:00",
                                 "2026-11-01T12:60",
                                 "2026-11-01T12:00:60",
                                 "2026-11-01T12:00:00+2",
                                 "2026-11-01T12:00:00+02:00x",
                                 "d",
                                 "-7d",
                                 "7",
                                 "7y",
                                 "1.5h",
                                 "@",
                                 "@-1",
                                 "@1x",
                                 "99999999999999999999d",
                                 "month ",
                                 " 7d"}) {
    EXPECT_EQ(test::error_of([&] { parse_time(text, kNow); }),
              '"' + text +
                  "\" is no time; write 2026-11-01, 2026-11-01T12:00:00Z, 7d, 24h, 30m, month or "
                  "@1700000000");
  }
}

}  // namespace
}  // namespace xpu
