// SPDX-License-Identifier: Apache-2.0
#include "core/setup/diff.h"

#include <gtest/gtest.h>

namespace xpu {
namespace {

TEST(Diff, IsEmptyForTheSameText) {
  EXPECT_EQ(unified_diff("/f", "a\n", "a\n"), "");
  EXPECT_EQ(unified_diff("/f", std::nullopt, std::nullopt), "");
}

TEST(Diff, ShowsThreeLinesAroundAChange) {
  EXPECT_EQ(unified_diff("/f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(Diff, FarChangesHaveHunksOfTheirOwn) {
  EXPECT_EQ(unified_diff("/f", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n"),
            "--- /f\n+++ /f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
            "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
  EXPECT_EQ(unified_diff("/f", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n"),
            "--- /f\n+++ /f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
}

TEST(Diff, ShowsFilesThatComeAndGo) {
  EXPECT_EQ(unified_diff("/f", std::nullopt, "a\nb\n"),
            "--- /dev/null\n+++ /f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("/f", "a\n", std::nullopt), "--- /f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
}

TEST(Diff, SaysWhereTheLastLineDoesNotEnd) {
  EXPECT_EQ(unified_diff("/f", "{}", "{\n}\n"),
            "--- /f\n+++ /f\n@@ -1 +1,2 @@\n-{}\n\\ No newline at end of file\n+{\n+}\n");
}

TEST(Diff, KeepsCarriageReturns) {
  EXPECT_EQ(unified_diff("/f", "a\r\n", "a\r\nb\r\n"),
            "--- /f\n+++ /f\n@@ -1 +1,2 @@\n a\r\n+b\r\n");
}

TEST(Diff, FindsTheLeastChange) {
  EXPECT_EQ(unified_diff("/f", "a\nb\nc\nd\n", "a\nc\nx\nd\n"),
            "--- /f\n+++ /f\n@@ -1,4 +1,4 @@\n a\n-b\n c\n+x\n d\n");
}

}  // namespace
}  // namespace xpu
