// SPDX-License-Identifier: Apache-2.0
#include "core/start/concern.h"

#include <gtest/gtest.h>

namespace xpu {
namespace {

constexpr std::string_view kAcme = "[request]\ndevice-variables = [\"ACME_VISIBLE_DEVICES\"]\n";

bool concerns(std::string_view environment, std::string_view manifest = kAcme) {
  const std::string config = R"({"process": {"env": [)" + std::string(environment) + "]}}";
  return Concern(config).with(manifest);
}

TEST(Concern, IsABackendWhoseVariableIsSet) {
  EXPECT_TRUE(concerns(R"("ACME_VISIBLE_DEVICES=0")"));
  EXPECT_TRUE(concerns(R"("PATH=/bin", "ACME_VISIBLE_DEVICES=")"));
  EXPECT_TRUE(concerns(R"("lower_case=1")", "device-variables = ['lower_case']"));
  EXPECT_TRUE(concerns(R"("A=1")", "variables = [\"\"\"\nA\"\"\"]"));
}

TEST(Concern, IsNoOtherBackend) {
  EXPECT_FALSE(concerns(""));
  EXPECT_FALSE(concerns(R"("PATH=/bin", "OTHER_VISIBLE_DEVICES=0")"));
  EXPECT_FALSE(concerns(R"("MY_ACME_VISIBLE_DEVICES=0")"));
  EXPECT_FALSE(concerns(R"("ACME_VISIBLE_DEVICES_=0")"));
  EXPECT_FALSE(concerns(R"("ACME_VISIBLE_DEVICES")"));
  EXPECT_FALSE(concerns(R"("x ACME_VISIBLE_DEVICES=0")"));
}

TEST(Concern, IsEveryBackendForTheNeutralVariable) {
  EXPECT_TRUE(concerns(R"("XPU_VISIBLE_DEVICES=all")"));
  EXPECT_FALSE(concerns(R"("NOT_XPU_VISIBLE_DEVICES=all")"));
}

TEST(Concern, IsTakenForGrantedBehindEscapes) {
  EXPECT_TRUE(concerns(R"("\u0041CME_VISIBLE_DEVICES=0")"));
  EXPECT_TRUE(concerns(R"("PATH=/bin")", "device-variables = [\"\\u0041CME\"]"));
}

TEST(Concern, TakesLongNamesAsWell) {
  const std::string name(80, 'A');
  EXPECT_TRUE(concerns("\"" + name + "=1\"", "['" + name + "']"));
  EXPECT_FALSE(concerns("\"" + name + "=1\"", "['" + name + "B']"));
}

}  // namespace
}  // namespace xpu
