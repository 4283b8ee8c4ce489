// SPDX-License-Identifier: Apache-2.0
#include "core/base/comment_lines.h"

#include <gtest/gtest.h>

namespace xpu {
namespace {

TEST(CommentLines, AreLeftOutAndLinesKeepTheirNumbers) {
  const struct {
    const char* text;
    const char* without;
  } kCases[] = {
      {"", ""},
      {"#", ""},
      {"a = 1", "a = 1"},
      {"# one\na = 1 # two\n#\n\n  # three\n# four", "\na = 1 # two\n\n\n  # three\n"},
      // What only looks like a comment.
      {"a = \"\"\"\n# b\n\"\"\"\n# c\n", "a = \"\"\"\n# b\n\"\"\"\n# c\n"},
      {"a = '''\n# b\n'''\n", "a = '''\n# b\n'''\n"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(without_comment_lines(one.text), one.without) << one.text;
  }
}

}  // namespace
}  // namespace xpu
