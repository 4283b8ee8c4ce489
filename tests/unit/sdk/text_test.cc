// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/text.h"

#include <gtest/gtest.h>

namespace xpu::sdk {
namespace {

TEST(Text, WhatIsReadableStays) {
  for (const char* text : {"", "NVIDIA H200", "Radeon\u2122", "\u00a0", "\U0001f4a1 \ud7ff"}) {
    EXPECT_EQ(readable(text), text);
  }
}

TEST(Text, EachOddByteBecomesAQuestionMark) {
  EXPECT_EQ(readable("a\tb\x7f"), "a?b?");
  EXPECT_EQ(readable("GPU \xae"), "GPU ?");
  EXPECT_EQ(readable("\xe2\x84"), "??") << "cut";
  EXPECT_EQ(readable("\xc2\x85\xc0\x80\xff"), "?????");
  EXPECT_EQ(readable("\xed\xa0\x80"), "???") << "half of a pair";
  EXPECT_EQ(readable("\xe0\x80\xaf"), "???") << "longer than it must be";
}

}  // namespace
}  // namespace xpu::sdk
