// SPDX-License-Identifier: Apache-2.0
#include "core/apps/policy_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace xpu {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kFile = "/etc/xpu-container-runtime/config.toml";

TEST(PolicyShow, AlignsWhatIsInForceAndWhy) {
  const Config config = parse_config(
      "[policy]\nprofile = \"multi-tenant\"\nslurm = \"never\"\n"
      "deny-devices = [\"acme:0\", \"acme:1\", \"acme:2\"]\n",
      kFile);
  const std::string text = policy_text(config);
  EXPECT_THAT(text, StartsWith("KEY                        VALUE           WHY\n"
                               "profile                    multi-tenant    "
                               "/etc/xpu-container-runtime/config.toml:2\n"
                               "  decides every row that no file sets by itself\n"
                               "environment                privileged      profile multi-tenant\n"
                               "  who may ask by variables, XPU_* and those of vendors\n"));
  EXPECT_THAT(text, HasSubstr("\ndeny-devices               acme:0, acme:1, acme:2\n"
                              "                                           "
                              "/etc/xpu-container-runtime/config.toml:4\n"
                              "  which of them may not\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST(PolicyShow, HasItAsJson) {
  EXPECT_THAT(policy_json(parse_config("[policy]\nslurm = \"never\"\n", kFile)),
              HasSubstr(R"({"key":"slurm","value":"never",)"
                        R"("why":"/etc/xpu-container-runtime/config.toml:2",)"
                        R"("meaning":"who is given what Slurm allotted to the job"},)"));
}

}  // namespace
}  // namespace xpu
