// SPDX-License-Identifier: Apache-2.0
#include "core/setup/diff.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/setup/record.h"

namespace xpu::setup {
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

TEST(Diff, NamesAFileAsDiffDoes) {
  EXPECT_EQ(unified_diff("/a b", "1\n", "2\n"), "--- /a b\t\n+++ /a b\t\n@@ -1 +1 @@\n-1\n+2\n");
  EXPECT_EQ(unified_diff("/a\tb\n\"\\", "1\n", "2\n"),
            "--- \"/a\\011b\\012\\\"\\\\\"\n+++ \"/a\\011b\\012\\\"\\\\\"\n@@ -1 +1 @@\n-1\n+2\n");
}

// What `patch` makes of a diff is the text that it shows.
TEST(Diff, IsTakenByPatch) {
  char folder[] = "/tmp/xpu-diff.XXXXXX";
  const std::string dir = ::mkdtemp(folder);
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(dir + name) << text;
  };
  for (const std::string name : {"/plain", "/with two  spaces", "/q\"uote", "/tab\there", "/ä"}) {
    const std::vector<std::pair<Text, Text>> changes = {{"a\nb", "a\nc\n"},
                                                        {"a\r\n", "a\r\nb\r\n"},
                                                        {std::nullopt, "new\n"},
                                                        {"old\n", std::nullopt}};
    for (const auto& [before, after] : changes) {
      if (before) {
        put(name, *before);
      }
      put("/patch", unified_diff(name, before, after));
      const std::string command = cat("cd ", dir, " && patch --binary -s -p1 <patch");
      EXPECT_EQ(std::system(command.c_str()), 0) << name;
      EXPECT_EQ(read_file_if_present(dir + name, 100), after) << name;
      std::filesystem::remove(dir + name);
    }
  }
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace xpu::setup
