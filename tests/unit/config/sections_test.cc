// SPDX-License-Identifier: Apache-2.0
// What requests, selection, policy, leases and cost have in config.toml.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Config parse(const std::string& text) {
  return parse_config(text, "f");
}

std::string error_for(const std::string& text) {
  const std::string message = error_of([&] { parse(text); });
  return message.starts_with("f:") ? message.substr(2) : message;
}

TEST(Sections, HaveDefaults) {
  const Config config = parse("");
  EXPECT_EQ(config.default_request, "none");
  EXPECT_THAT(config.aliases, IsEmpty());
  EXPECT_EQ(config.strategy, "balanced");
  EXPECT_EQ(config.load_max_age_s, 15u);
  EXPECT_FALSE(config.allow_unhealthy);
  EXPECT_TRUE(config.metrics);
  EXPECT_EQ(config.metrics_address, "127.0.0.1");
  EXPECT_EQ(config.metrics_port, 9410u);
  EXPECT_EQ(config.sample_s, 5u);
  EXPECT_TRUE(config.heal);
  EXPECT_EQ(config.profile, "single-user");
  for (const auto& row : {config.accept_environment, config.accept_annotations,
                          config.accept_volume_mounts, config.accept_slurm, config.accept_features,
                          config.default_sharing, config.sharing_choice}) {
    EXPECT_EQ(row, std::nullopt);
  }
  EXPECT_EQ(config.max_devices_per_container, 0u);
  EXPECT_TRUE(config.enable_multi_gpu);
  EXPECT_EQ(config.max_wait_s, 300u);
  EXPECT_EQ(config.share_limit, 0u);
  EXPECT_TRUE(config.accounting);
  EXPECT_EQ(config.prices_file, "");
  EXPECT_EQ(config.keep_months, 24u);
  EXPECT_THAT(config.origins, IsEmpty());
}

TEST(Sections, ReadEveryKey) {
  const Config config = parse(R"(
[request]
default-request = "auto"
[selection]
strategy = "packed"
load-max-age-seconds = 0
[policy]
environment = "privileged"
annotations = "never"
volume-mounts = "always"
slurm = "never"
features = "privileged"
default-sharing = "exclusive"
sharing-choice = "fixed"
max-devices-per-container = 4
enable-multi-gpu = false
max-wait-seconds = 86400
allow-vendors = ["acme", "globex"]
allow-devices = ["*A100*"]
deny-devices = ["acme:3"]
audit-log = ""
[leases]
share-limit = 8
[leases.share-limits]
"Z*" = 2
"*" = 4
"A*" = 1
[cost]
accounting = false
directory = "/srv/usage/"
prices = "/srv/prices.toml"
keep-months = 0
)");
  EXPECT_EQ(config.default_request, "auto");
  EXPECT_EQ(config.strategy, "packed");
  EXPECT_EQ(config.load_max_age_s, 0u);
  EXPECT_EQ(config.accept_environment, "privileged");
  EXPECT_EQ(config.accept_annotations, "never");
  EXPECT_EQ(config.accept_volume_mounts, "always");
  EXPECT_EQ(config.accept_slurm, "never");
  EXPECT_EQ(config.accept_features, "privileged");
  EXPECT_EQ(config.default_sharing, "exclusive");
  EXPECT_EQ(config.sharing_choice, "fixed");
  EXPECT_EQ(config.max_devices_per_container, 4u);
  EXPECT_FALSE(config.enable_multi_gpu);
  EXPECT_EQ(config.max_wait_s, 86400u);
  EXPECT_THAT(config.allow_vendors, ElementsAre("acme", "globex"));
  EXPECT_THAT(config.allow_devices, ElementsAre("*A100*"));
  EXPECT_THAT(config.deny_devices, ElementsAre("acme:3"));
  EXPECT_EQ(config.audit_log, "");
  EXPECT_EQ(config.share_limit, 8u);
  // As they stand in the file: the first that matches counts.
  EXPECT_THAT(config.share_limits, ElementsAre(Pair("Z*", 2u), Pair("*", 4u), Pair("A*", 1u)));
  EXPECT_FALSE(config.accounting);
  EXPECT_EQ(config.usage_dir, "/srv/usage");
  EXPECT_EQ(config.prices_file, "/srv/prices.toml");
  EXPECT_EQ(config.keep_months, 0u);
}

TEST(Sections, RememberWhereEachValueComesFrom) {
  const Config config = parse(
      "[policy]\nprofile = \"multi-tenant\"\n[leases]\nshare-limit = 1\n[leases.share-limits]\n"
      "\"A.*\" = 2\n[aliases]\nOLD = \"XPU_COUNT\"\n[backends.acme]\nroot = \"/\"\n");
  std::vector<std::string> origins;
  for (const auto& [key, origin] : config.origins) {
    origins.push_back(cat(key, " ", origin.file, " ", origin.line));
  }
  EXPECT_THAT(origins,
              ElementsAre("aliases.OLD f 8", "backends.acme.root f 10", "leases.share-limit f 4",
                          "leases.share-limits.A.* f 6", "policy.profile f 2"));
}

TEST(Sections, ReadTheDaemonsKeys) {
  const Config config = parse(
      "[selection]\nallow-unhealthy = true\n[xpud]\nmetrics = false\nmetrics-address = \"::1\"\n"
      "metrics-port = 9100\nsample-seconds = 60\nheal = false\n");
  EXPECT_TRUE(config.allow_unhealthy);
  EXPECT_FALSE(config.metrics);
  EXPECT_EQ(config.metrics_address, "::1");
  EXPECT_EQ(config.metrics_port, 9100u);
  EXPECT_EQ(config.sample_s, 60u);
  EXPECT_FALSE(config.heal);
  EXPECT_EQ(parse("[xpud]\nmetrics-address = \"unix:/run/m\"\n").metrics_address, "unix:/run/m");
  EXPECT_EQ(error_for(cat("[xpud]\nmetrics-address = \"unix:/", std::string(107, 'x'), "\"")),
            "2: key 'metrics-address' in [xpud] is longer than a socket's path may be (107 bytes)");
}

TEST(Sections, NameLineKeyAndProblem) {
  const struct {
    const char* text;
    const char* error;
  } kRows[] = {
      {"[request]\ndefault-request = \"all\"",
       "2: key 'default-request' in [request] must be none or auto, not 'all'"},
      {"[selection]\nstrategy = \"fastest\"",
       "2: key 'strategy' in [selection] must be performance, cost, balanced, packed, spread, "
       "numa-local or first, not 'fastest'"},
      {"[selection]\nload-max-age-seconds = -1",
       "2: key 'load-max-age-seconds' in [selection] must be a number of seconds from 0 to 3600"},
      {"[selection]\nallow-unhealthy = 1",
       "2: key 'allow-unhealthy' in [selection] must be true or false"},
      {"[xpud]\nmetrics = \"on\"", "2: key 'metrics' in [xpud] must be true or false"},
      {"[xpud]\nmetrics-address = \"localhost\"",
       "2: key 'metrics-address' in [xpud] must be an IP address or \"unix:/PATH\", not "
       "'localhost'"},
      {"[xpud]\nmetrics-address = \"unix:run/x\"",
       "2: key 'metrics-address' in [xpud] must be an IP address or \"unix:/PATH\", not "
       "'unix:run/x'"},
      {"[xpud]\nmetrics-port = 0",
       "2: key 'metrics-port' in [xpud] must be a number from 1 to 65535"},
      {"[xpud]\nsample-seconds = 0",
       "2: key 'sample-seconds' in [xpud] must be a number of seconds from 1 to 3600"},
      {"[xpud]\nheal = 1", "2: key 'heal' in [xpud] must be true or false"},
      {"[policy]\nprofile = \"strict\"",
       "2: key 'profile' in [policy] must be single-user or multi-tenant, not 'strict'"},
      {"[policy]\nenvironment = true", "2: key 'environment' in [policy] must be a text in quotes"},
      {"[policy]\nslurm = \"root\"",
       "2: key 'slurm' in [policy] must be always, privileged or never, not 'root'"},
      {"[policy]\ndefault-sharing = \"own\"",
       "2: key 'default-sharing' in [policy] must be shared or exclusive, not 'own'"},
      {"[policy]\nsharing-choice = \"loosen\"",
       "2: key 'sharing-choice' in [policy] must be any, tighten or fixed, not 'loosen'"},
      {"[policy]\nmax-devices-per-container = \"2\"",
       "2: key 'max-devices-per-container' in [policy] must be a number from 0 to 10000"},
      {"[policy]\nenable-multi-gpu = 1",
       "2: key 'enable-multi-gpu' in [policy] must be true or false"},
      {"[policy]\nmax-wait-seconds = 86401",
       "2: key 'max-wait-seconds' in [policy] must be a number of seconds from 0 to 86400"},
      {"[policy]\nallow-vendors = [\"ac me\"]",
       "2: key 'allow-vendors' in [policy] must be a list of vendors, not 'ac me'"},
      {"[cdi]\nspec-dirs = [\"cdi\"]",
       "2: key 'spec-dirs' in [cdi] must be an absolute path, not 'cdi'"},
      {"[cdi]\nannotation-prefixes = [\"a b\"]",
       "2: key 'annotation-prefixes' in [cdi] must be a list of beginnings of annotations such as "
       "\"cdi.k8s.io/\", not 'a b'"},
      {"[cdi]\ndefault-kind = \"gpu\"",
       "2: key 'default-kind' in [cdi] must be a kind such as \"vendor.com/class\", or \"\", not "
       "'gpu'"},
      {"[cdi]\nallow-untrusted = \"no\"",
       "2: key 'allow-untrusted' in [cdi] must be true or false"},
      {"[policy]\nallow-devices = \"*\"",
       "2: key 'allow-devices' in [policy] must be a list of patterns in quotes"},
      {"[policy]\ndeny-devices = [\"\"]",
       "2: key 'deny-devices' in [policy] must not hold a pattern of 0 bytes: 1 to 256"},
      {"[policy]\ndeny-devices = [\"a\",\n3]",
       "3: key 'deny-devices' in [policy] must be a text in quotes"},
      {"[policy]\naudit-log = \"audit.log\"",
       "2: key 'audit-log' in [policy] must be an absolute path, not 'audit.log'"},
      {"[policy]\nenviroment = \"never\"",
       "2: unknown key 'enviroment' in [policy]; did you mean 'environment'?"},
      {"[leases]\nshare-limits = 3",
       "2: key 'share-limits' in [leases] must be a section: [leases.share-limits]"},
      {"[leases]\nshare-limit = 10001",
       "2: key 'share-limit' in [leases] must be a number from 0 to 10000"},
      {"[leases]\nshare-limts = {}",
       "2: unknown key 'share-limts' in [leases]; did you mean 'share-limits'?"},
      {"[leases.share-limits]\n\"*\" = \"4\"",
       "2: key '*' in [leases.share-limits] must be a number from 0 to 10000"},
      {"[cost]\ndirectory = \"\"", "2: key 'directory' in [cost] must be an absolute path, not ''"},
      {"[cost]\nprices = \"p.toml\"",
       "2: key 'prices' in [cost] must be an absolute path, not 'p.toml'"},
      {"[cost]\nkeep-months = 1.5",
       "2: key 'keep-months' in [cost] must be a number from 0 to 1200"},
      {"[cost]\nacounting = true",
       "2: unknown key 'acounting' in [cost]; did you mean 'accounting'?"},
      {"[polcy]\n", "1: unknown key 'polcy'; did you mean 'policy'?"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(error_for(row.text), row.error) << row.text;
  }
}

TEST(Sections, RefuseADefaultRequestUnderTheMultiTenantProfile) {
  EXPECT_EQ(error_for("[policy]\nprofile = \"multi-tenant\"\n[request]\ndefault-request = "
                      "\"auto\"\n"),
            "4: key 'default-request' in [request] must be none: the multi-tenant profile (f:2) "
            "refuses auto");
  EXPECT_EQ(error_for("[policy]\nprofile = \"multi-tenant\"\n[request]\ndefault-request = "
                      "\"none\"\n"),
            "");
}

TEST(Aliases, StandForVariablesOfTheRuntime) {
  const Config config = parse(R"(
[aliases]
ZULU = "XPU_VISIBLE_DEVICES"
OLD_EXCLUSIVE = { variable = "XPU_SHARING", values = { yes = "exclusive", no = "shared" } }
ALPHA = { variable = "XPU_WAIT" }
)");
  ASSERT_EQ(config.aliases.size(), 3u);
  const auto find = [&](const std::string& name) {
    for (const Alias& alias : config.aliases) {
      if (alias.name == name) {
        return alias;
      }
    }
    return Alias{};
  };
  EXPECT_EQ(find("ZULU").variable, "XPU_VISIBLE_DEVICES");
  EXPECT_THAT(find("ZULU").values, IsEmpty());
  EXPECT_EQ(find("ALPHA").variable, "XPU_WAIT");
  EXPECT_EQ(find("OLD_EXCLUSIVE").variable, "XPU_SHARING");
  EXPECT_THAT(find("OLD_EXCLUSIVE").values,
              ElementsAre(Pair("yes", "exclusive"), Pair("no", "shared")));
  for (const std::string_view variable : kRequestVariables) {
    EXPECT_EQ(error_for(cat("[aliases]\nX = \"", variable, "\"")), "") << variable;
  }
}

TEST(Aliases, NameLineKeyAndProblem) {
  const std::string shape =
      "must be the name of a variable in quotes, or { variable = \"XPU_...\", values = { from = "
      "\"to\" } }";
  const struct {
    const char* entry;
    std::string error;
  } kRows[] = {
      {"OLD = \"XPU_DEVICE_TIPE\"",
       "must stand for a variable of this runtime, not 'XPU_DEVICE_TIPE'; did you mean "
       "'XPU_DEVICE_TYPE'?"},
      {"OLD = \"LD_PRELOAD\"", "must stand for a variable of this runtime, not 'LD_PRELOAD'"},
      {"OLD = { variable = \"PATH\" }", "must stand for a variable of this runtime, not 'PATH'"},
      {"OLD = 1", shape},
      {"OLD = {}", shape},
      {"OLD = { values = { a = \"b\" } }", shape},
      {"OLD = { variable = \"XPU_WAIT\", values = 3 }", shape},
      {"OLD = { variable = \"XPU_WAIT\", valeus = {} }", shape},
      {"OLD = { variable = \"XPU_WAIT\", values = { a = 1 } }", "must be a text in quotes"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(error_for(cat("[aliases]\n", row.entry)),
              cat("2: key 'OLD' in [aliases] ", row.error))
        << row.entry;
  }
  for (const std::string name : {"XPU_COUNT", "XPU_", "A-B", "1A", "a.b", ""}) {
    EXPECT_EQ(error_for(cat("[aliases]\n'", name, "' = \"XPU_COUNT\"")),
              cat("2: key '", name,
                  "' in [aliases] is no name for an alias: letters, digits and '_', and not "
                  "XPU_*"));
  }
}

}  // namespace
}  // namespace xpu
