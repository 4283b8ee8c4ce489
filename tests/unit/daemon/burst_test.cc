// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/burst.h"

#include <gtest/gtest.h>

namespace xpu {
namespace {

TEST(Burst, NothingIsDueBeforeAnEvent) {
  Burst burst;
  EXPECT_FALSE(burst.waiting());
  EXPECT_EQ(burst.due_ms(), std::nullopt);
}

TEST(Burst, OneEventIsActedOnAfterAQuietMoment) {
  Burst burst;
  burst.add(1000);
  EXPECT_TRUE(burst.waiting());
  EXPECT_EQ(burst.due_ms(), 1010);
  burst.act(1010);
  EXPECT_FALSE(burst.waiting());
  EXPECT_EQ(burst.due_ms(), std::nullopt);
}

TEST(Burst, ManyEventsAreOneAndNeverPutOffForLong) {
  Burst burst;
  for (std::int64_t at = 1000; at < 1100; at += 4) {
    burst.add(at);
    EXPECT_LE(*burst.due_ms(), 1025);
    EXPECT_GE(*burst.due_ms(), 1010);
  }
  EXPECT_EQ(burst.due_ms(), 1025);
}

TEST(Burst, WithinAMomentThereIsTimeForThoseThatFollow) {
  Burst burst;
  burst.add(1000);
  burst.add(1008);
  EXPECT_EQ(burst.due_ms(), 1018);
}

TEST(Burst, FiveInARowAreQuickAndThenOneASecond) {
  Burst burst;
  std::int64_t now = 50'000;
  for (int i = 0; i < Burst::kAtOnce; ++i) {
    burst.add(now);
    EXPECT_EQ(burst.due_ms(), now + Burst::kQuietMs) << i;
    now = *burst.due_ms();
    burst.act(now);
  }
  std::int64_t before = now;
  for (int i = 0; i < 5; ++i) {
    burst.add(now);
    now = *burst.due_ms();
    EXPECT_GE(now, before + (i == 0 ? 900 : 1000)) << i;
    EXPECT_LE(now, before + 1000) << i;
    before = now;
    burst.act(now);
  }
}

TEST(Burst, AfterAWhileItIsQuickAgain) {
  Burst burst;
  for (int i = 0; i < 20; ++i) {
    burst.add(1000);
    burst.act(*burst.due_ms());
  }
  burst.add(100'000);
  EXPECT_EQ(burst.due_ms(), 100'010);
}

}  // namespace
}  // namespace xpu
