// SPDX-License-Identifier: Apache-2.0
#include "core/apps/config_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace xpu {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kConfig = R"([xpu-container-runtime]
debug = "/var/log/\"odd\".log"
runtimes = ["crun"]
[aliases]
OLD = { variable = "XPU_SHARING", values = { strict = "exclusive", "a b" = "shared" } }
[policy]
profile = "multi-tenant"
slurm = "never"
[leases.share-limits]
"*A1*" = 2
[backends]
memory-limit = "1536MiB"
[backends.acme]
enabled = true
features = []
count = 3
)";

TEST(ConfigShow, PrintsAFileThatMeansTheSame) {
  const std::string text = config_text(parse_config(kConfig, "/etc/a.toml"), false);
  EXPECT_EQ(config_text(parse_config(text, "b"), false), text);
  EXPECT_THAT(text, HasSubstr("[xpu-container-runtime]\nlog-level = \"info\"\n"
                              "debug = \"/var/log/\\\"odd\\\".log\"\nruntimes = [\"crun\"]\n"));
  EXPECT_THAT(text, HasSubstr("\n\n[aliases]\nOLD = { variable = \"XPU_SHARING\", values = { "
                              "strict = \"exclusive\", \"a b\" = \"shared\" } }\n\n[selection]\n"));
  EXPECT_THAT(text, HasSubstr("share-limit = 0\n\n[leases.share-limits]\n\"*A1*\" = 2\n"));
  EXPECT_THAT(text, HasSubstr("memory-limit = \"1536MiB\"\nrequire-sha256 = false\n\n"
                              "[backends.acme]\nenabled = true\nfeatures = []\ncount = \"3\"\n"));
  EXPECT_THAT(text, HasSubstr("profile = \"multi-tenant\"\nenvironment = \"privileged\"\n"));
}

TEST(ConfigShow, SaysWhoDecided) {
  const std::string text = config_text(parse_config(kConfig, "/etc/a.toml"), true);
  for (const char* line : {
           "\nlog-level = \"info\"  # default\n",
           "\nruntimes = [\"crun\"]  # /etc/a.toml:3; default [\"docker-runc\", \"runc\", "
           "\"crun\"]\n",
           "\"a b\" = \"shared\" } }  # /etc/a.toml:5; no default\n",
           "\nprofile = \"multi-tenant\"  # /etc/a.toml:7; default \"single-user\"\n",
           "\nenvironment = \"privileged\"  # profile multi-tenant\n",
           "\nslurm = \"never\"  # /etc/a.toml:8; default \"always\"\n",
           "\nmax-wait-seconds = 300  # default\n",
           "\n\"*A1*\" = 2  # /etc/a.toml:10; no default\n",
           "\ncount = \"3\"  # /etc/a.toml:16; no default\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_EQ(config_text(parse_config(text, "b"), false),
            config_text(parse_config(kConfig, "b"), false));
}

TEST(ConfigShow, HasItAsJson) {
  const Config config = parse_config(kConfig, "/etc/a.toml");
  const std::string text = config_json(config, false);
  EXPECT_THAT(text, HasSubstr(R"({"file":"/etc/a.toml","keys":[{"section":"xpu-container-runtime",)"
                              R"("key":"log-level","value":"info"},)"));
  EXPECT_THAT(text, HasSubstr(R"("value":{"variable":"XPU_SHARING","values":{"strict":"exclusive",)"
                              R"("a b":"shared"}}})"));
  EXPECT_THAT(text, Not(HasSubstr("origin")));
  const std::string origins = config_json(config, true);
  EXPECT_THAT(origins, HasSubstr(R"({"section":"policy","key":"slurm","value":"never",)"
                                 R"("default":"always","origin":"/etc/a.toml:8"})"));
  EXPECT_THAT(origins, HasSubstr(R"({"section":"policy","key":"features","value":"privileged",)"
                                 R"("default":"privileged","origin":"profile multi-tenant"})"));
  EXPECT_THAT(origins, HasSubstr(R"({"section":"leases.share-limits","key":"*A1*","value":2,)"
                                 R"("default":null,"origin":"/etc/a.toml:10"})"));
  EXPECT_NO_THROW(boost::json::parse(origins));
}

}  // namespace
}  // namespace xpu
