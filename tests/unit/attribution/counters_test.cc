// SPDX-License-Identifier: Apache-2.0
#include "core/attribution/counters.h"

#include <gtest/gtest.h>

namespace xpu::test {
namespace {

const EngineOf kRender = {"acme:0", "render"};

class CountersTest : public ::testing::Test {
 protected:
  double sum() const {
    const auto sums = counters.sums();
    const auto found = sums.find(kRender);
    return found == sums.end() ? -1 : found->second;
  }
  void looks(int count) {
    for (int i = 0; i < count; ++i) {
      counters.end_look();
    }
  }
  Counters counters;
};

TEST_F(CountersTest, SumUpClients) {
  EXPECT_EQ(sum(), -1);
  counters.set("a", kRender, 2);
  counters.set("b", kRender, 3);
  EXPECT_EQ(sum(), 5);
  counters.set("a", kRender, 4);
  EXPECT_EQ(sum(), 7);
}

TEST_F(CountersTest, KeepWhatIsGone) {
  counters.set("a", kRender, 2);
  looks(1000);
  EXPECT_EQ(sum(), 2);
  counters.set("b", kRender, 1);
  EXPECT_EQ(sum(), 3);
}

TEST_F(CountersTest, CountAClientOnceThatComesBack) {
  counters.set("a", kRender, 2);
  looks(10);
  counters.set("a", kRender, 5);
  EXPECT_EQ(sum(), 5);
}

TEST_F(CountersTest, DoNotFallWhenOneBeginsAnew) {
  counters.set("a", kRender, 5);
  counters.end_look();
  counters.set("a", kRender, 1);
  EXPECT_EQ(sum(), 6);
  counters.set("a", kRender, 3);
  EXPECT_EQ(sum(), 8);
}

TEST_F(CountersTest, DoNotGrowWithClientsThatAreGone) {
  for (int i = 0; i < 20000; ++i) {
    counters.set(std::to_string(i), kRender, 1);
    counters.end_look();
  }
  EXPECT_EQ(sum(), 20000);
}

}  // namespace
}  // namespace xpu::test
