// SPDX-License-Identifier: Apache-2.0
#include "core/base/utc.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

TEST(Utc, WritesTimesWhateverTheZone) {
  EXPECT_EQ(test::in_child([] {
              ::setenv("TZ", "Asia/Tokyo", 1);
              ::tzset();
              return utc_text(1700000000) + ' ' + month_text(month_of(1698796799)) + ' ' +
                     month_text(month_of(1698796800));
            }),
            "2023-11-14T22:13:20Z 2023-10 2023-11");
}

TEST(Utc, CountsMonths) {
  EXPECT_EQ(month_of(0), 1970 * 12);
  EXPECT_EQ(month_text(2026 * 12 + 11), "2026-12");
  EXPECT_EQ(month_text(2026 * 12 + 12), "2027-01");
}

TEST(Utc, StaysWithinFourDigitsOfYears) {
  EXPECT_EQ(utc_text(INT64_MAX), "9999-12-31T23:59:59Z");
  EXPECT_EQ(utc_text(INT64_MIN), "0000-01-01T00:00:00Z");
}

}  // namespace
}  // namespace xpu
