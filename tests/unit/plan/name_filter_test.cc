// SPDX-License-Identifier: Apache-2.0
#include "core/plan/name_filter.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace xpu {
namespace {

TEST(NameFilter, HasWhatWasAddedAndLittleElse) {
  NameFilter filter;
  EXPECT_FALSE(filter.may_have(""));
  for (int i = 0; i < 40; ++i) {
    filter.add(cat("libacme-", i, ".so.1"));
  }
  filter.add("");
  EXPECT_TRUE(filter.may_have(""));
  int mistakes = 0;
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(filter.may_have(cat("libacme-", i, ".so.1"))) << i;
    mistakes += filter.may_have(cat("libglobex-", i, ".so.1")) ? 1 : 0;
  }
  EXPECT_LT(mistakes, 10);
}

}  // namespace
}  // namespace xpu
