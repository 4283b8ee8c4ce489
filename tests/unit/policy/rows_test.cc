// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/keys.h"
#include "core/policy/policy.h"

namespace xpu {
namespace {

std::vector<std::string> rows_of(const Config& config) {
  std::vector<std::string> out;
  for (const PolicyRow& row : policy_rows(config)) {
    out.push_back(cat(row.key, " = ", row.value, " (", row.why, ")"));
  }
  return out;
}

TEST(PolicyRows, FollowTheProfile) {
  Config config;
  config.audit_log = "/var/log/xpu/audit.log";
  EXPECT_EQ(rows_of(config), (std::vector<std::string>{
                                 "profile = single-user (default)",
                                 "environment = always (profile single-user)",
                                 "annotations = always (profile single-user)",
                                 "volume-mounts = never (profile single-user)",
                                 "slurm = always (profile single-user)",
                                 "features = always (profile single-user)",
                                 "default-sharing = shared (profile single-user)",
                                 "sharing-choice = any (profile single-user)",
                                 "max-devices-per-container = no limit (default)",
                                 "enable-multi-gpu = true (default)",
                                 "max-wait-seconds = 300 (default)",
                                 "allow-vendors = all (default)",
                                 "allow-devices = all (default)",
                                 "deny-devices = none (default)",
                                 "privileged-capabilities = none (default)",
                                 "audit-log = /var/log/xpu/audit.log (default)",
                                 "default-request = none (default)",
                             }));
  config = parse_config("[policy]\nprofile = \"multi-tenant\"\naudit-log = \"\"\n", "/f");
  EXPECT_EQ(rows_of(config), (std::vector<std::string>{
                                 "profile = multi-tenant (/f:2)",
                                 "environment = privileged (profile multi-tenant)",
                                 "annotations = always (profile multi-tenant)",
                                 "volume-mounts = always (profile multi-tenant)",
                                 "slurm = always (profile multi-tenant)",
                                 "features = privileged (profile multi-tenant)",
                                 "default-sharing = exclusive (profile multi-tenant)",
                                 "sharing-choice = tighten (profile multi-tenant)",
                                 "max-devices-per-container = no limit (default)",
                                 "enable-multi-gpu = true (default)",
                                 "max-wait-seconds = 300 (default)",
                                 "allow-vendors = all (default)",
                                 "allow-devices = all (default)",
                                 "deny-devices = none (default)",
                                 "privileged-capabilities = none (default)",
                                 "audit-log = none (/f:3)",
                                 "default-request = none (default)",
                             }));
}

TEST(PolicyRows, SayWhichFileSetThem) {
  const Config config = parse_config(
      "[request]\ndefault-request = \"auto\"\n[policy]\nenvironment = \"never\"\n"
      "annotations = \"privileged\"\nvolume-mounts = \"always\"\nslurm = \"never\"\n"
      "features = \"privileged\"\ndefault-sharing = \"exclusive\"\nsharing-choice = \"fixed\"\n"
      "max-devices-per-container = 4\nenable-multi-gpu = false\nmax-wait-seconds = 0\n"
      "allow-vendors = [\"acme\", \"globex\"]\nallow-devices = [\"*A1*\"]\n"
      "deny-devices = [\"acme:0\", \"acme:1\"]\n"
      "privileged-capabilities = [\"graphics\"]\naudit-log = \"/a\"\n",
      "/f");
  EXPECT_EQ(rows_of(config), (std::vector<std::string>{
                                 "profile = single-user (default)",
                                 "environment = never (/f:4)",
                                 "annotations = privileged (/f:5)",
                                 "volume-mounts = always (/f:6)",
                                 "slurm = never (/f:7)",
                                 "features = privileged (/f:8)",
                                 "default-sharing = exclusive (/f:9)",
                                 "sharing-choice = fixed (/f:10)",
                                 // Because of the row after it.
                                 "max-devices-per-container = 1 (/f:12)",
                                 "enable-multi-gpu = false (/f:12)",
                                 "max-wait-seconds = 0 (/f:13)",
                                 "allow-vendors = acme, globex (/f:14)",
                                 "allow-devices = *A1* (/f:15)",
                                 "deny-devices = acme:0, acme:1 (/f:16)",
                                 "privileged-capabilities = graphics (/f:17)",
                                 "audit-log = /a (/f:18)",
                                 "default-request = auto (/f:2)",
                             }));
}

TEST(PolicyRows, AreTheKeysOfPolicy) {
  std::vector<std::string> keys, rows;
  for (const ShownKey& key : shown_keys(default_config())) {
    if (key.section == "policy") {
      keys.push_back(key.name);
    }
  }
  for (const PolicyRow& row : policy_rows(Config())) {
    EXPECT_FALSE(row.meaning.empty()) << row.key;
    rows.push_back(row.key);
  }
  keys.push_back("default-request");
  EXPECT_EQ(rows, keys);
}

}  // namespace
}  // namespace xpu
