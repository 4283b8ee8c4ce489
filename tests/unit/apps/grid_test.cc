// SPDX-License-Identifier: Apache-2.0
#include "core/apps/grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xpu {
namespace {

using testing::ElementsAre;

constexpr Glyphs kAscii{false};

std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) {
    out.push_back(plain(line));
  }
  return out;
}

TEST(Grid, WidthsAreThoseOfATerminal) {
  EXPECT_EQ(columns(""), 0u);
  EXPECT_EQ(columns("abc"), 3u);
  EXPECT_EQ(columns("\u00e4\u00f6"), 2u);
  EXPECT_EQ(columns("\u4e16\u754c"), 4u);        // wide
  EXPECT_EQ(columns("e\u0301"), 1u);             // combines
  EXPECT_EQ(columns("\U0001f600"), 2u);          // beyond 16 bits
  EXPECT_EQ(columns("\xe4\xb8"), columns("?"));  // torn: never beyond its end
}

TEST(Grid, WhatIsTooWideIsCut) {
  EXPECT_EQ(fitted("abcdef", 6), "abcdef");
  EXPECT_EQ(fitted("abcdefg", 6), "abcd..");
  EXPECT_EQ(fitted("abcdefg", 6, true), "..defg");
  EXPECT_EQ(fitted("abcdefg", 2), "ab");
  EXPECT_EQ(fitted("abcdefg", 0), "");
  EXPECT_EQ(fitted("\u4e16\u754c\u4e16\u754c", 5), "\u4e16..");
  EXPECT_EQ(fitted("\u4e16\u754c\u4e16\u754c", 7, true), "..\u4e16\u754c");
}

TEST(Grid, BarsAreOfBothKinds) {
  EXPECT_EQ(bar(0.5, 4, kAscii), "##..");
  EXPECT_EQ(bar(0.5, 4, {}), "\u2588\u2588\u2591\u2591");
  EXPECT_EQ(bar(0, 3, kAscii), "...");
  EXPECT_EQ(bar(7, 3, kAscii), "###");
  EXPECT_EQ(bar(-1, 3, kAscii), "...");
  EXPECT_EQ(bar(0.0 / 0.0, 3, kAscii), "...");
}

TEST(Grid, NothingButAsciiWithoutUtf8) {
  EXPECT_EQ(shown("a\u00e4\u4e16e\u0301b", kAscii), "a???eb");
  EXPECT_EQ(shown("a\u00e4", {}), "a\u00e4");
}

const std::vector<Column> kHeads = {
    {"NAME", 0, false, 6}, {"USE", 0, false, 0, false, 8}, {"N", 1, true}, {"NOTE", 2}};
const std::vector<std::vector<Cell>> kRows = {
    {{"a-long-name"}, {"5%", Style::kGood, 0.05}, {"7"}, {"first"}},
    {{"b"}, {"100%", Style::kBad, 1.0}, {"12"}, {"-"}},
    {{"c"}, {"-"}, {"3"}, {"-"}},
};

TEST(Grid, TakesWhatItWants) {
  EXPECT_THAT(texts(grid(kHeads, kRows, 80, kAscii)),
              ElementsAre("NAME         USE             N  NOTE",   //
                          "a-long-name  ........   5%   7  first",  //
                          "b            ######## 100%  12  -",      //
                          "c                        -   3  -"));
}

TEST(Grid, GivesWayStepByStep) {
  EXPECT_THAT(texts(grid(kHeads, kRows, 32, kAscii)),
              ElementsAre("NAME         USE             N",  //
                          "a-long-name  ........   5%   7",  //
                          "b            ######## 100%  12",  //
                          "c                        -   3"));
  EXPECT_THAT(texts(grid(kHeads, kRows, 20, kAscii)),
              ElementsAre("NAME        USE", "a-long-n..  ...   5%", "b           ### 100%",
                          "c                  -"));
  EXPECT_THAT(texts(grid(kHeads, kRows, 14, kAscii)),
              ElementsAre("NAME     USE", "a-lon..     5%", "b         100%", "c            -"));
  // Too narrow for anything: cut at the edge.
  EXPECT_THAT(texts(grid(kHeads, kRows, 3, kAscii)), ElementsAre("NAM", "a-l", "b", "c"));
}

TEST(Grid, NoLineIsWiderThanItMayBe) {
  const std::vector<std::vector<Cell>> rows = {
      {{"\u4e16\u754c\u4e16\u754c\u4e16\u754c"}, {"5%", Style::kGood, 0.05}, {"7"}, {"\u4e16"}},
      {{std::string(300, 'x')}, {"-"}, {"3"}, {"-"}}};
  for (std::size_t width = 0; width < 120; ++width) {
    for (const Glyphs glyphs : {Glyphs{true}, kAscii}) {
      for (const Line& line : grid(kHeads, rows, width, glyphs)) {
        EXPECT_LE(columns(plain(line)), width) << width;
      }
    }
  }
}

TEST(Grid, WhatOthersCalledTheirThingsIsHarmless) {
  EXPECT_THAT(texts(grid({{"NAME"}}, {{{"a\x1b[2J\nb"}}}, 40, kAscii)),
              ElementsAre("NAME", R"(a\x1b[2J\nb)"));
}

TEST(Grid, TheColumnOfTheOrderIsMarked) {
  const std::vector<Line> lines = grid({{"A"}, {"B"}}, {{{"1"}, {"2"}}}, 10, kAscii, 1);
  EXPECT_THAT(lines[0], ElementsAre(Span{"A  ", Style::kHead}, Span{"B", Style::kSelected}));
}

}  // namespace
}  // namespace xpu
