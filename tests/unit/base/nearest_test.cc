// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest.h"

#include <gtest/gtest.h>

namespace xpu {
namespace {

TEST(Nearest, FindsMisspeltWords) {
  const std::vector<std::string_view> known = {"log-level", "debug", "runtimes", "runtime-path"};
  EXPECT_EQ(nearest("loglevel", known), "log-level");
  EXPECT_EQ(nearest("log_level", known), "log-level");
  EXPECT_EQ(nearest("runtime", known), "runtimes");
  EXPECT_EQ(nearest("runtimepath", known), "runtime-path");
  EXPECT_EQ(nearest("debag", known), "debug");
  EXPECT_EQ(nearest("mode", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(Nearest, EndsAMessage) {
  EXPECT_EQ(did_you_mean("debugg", {"debug"}), "; did you mean 'debug'?");
  EXPECT_EQ(did_you_mean("other", {"debug"}), "");
}

}  // namespace
}  // namespace xpu
