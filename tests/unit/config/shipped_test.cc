// SPDX-License-Identifier: Apache-2.0
// The config.toml that is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string shipped() {
  return test::slurp(XPU_SOURCE_DIR "/config/config.toml");
}

// The file with every key in force that is commented out, and how many these are.
std::pair<std::string, std::size_t> with_every_key() {
  const std::string text = shipped();
  std::string active;
  std::size_t keys = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    const bool is_key = line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
    active += is_key || line.starts_with("#[") ? line.substr(1) : line;
    keys += is_key;
    begin = end;
  }
  return {active, keys};
}

std::map<std::string, std::string> values(const Config& config) {
  std::map<std::string, std::string> out;
  for (const ShownKey& key : shown_keys(config)) {
    if (key.section != "aliases") {
      out[cat(key.section, ".", key.name)] = key.toml;
    }
  }
  return out;
}

TEST(ShippedConfig, IsTheDefaults) {
  EXPECT_EQ(values(parse_config(shipped(), "f")), values(default_config()));
}

TEST(ShippedConfig, ShowsTheDefaultOfEveryKey) {
  const auto [text, keys] = with_every_key();
  const Config loaded = parse_config(text, "f");
  std::map<std::string, std::string> expected = values(default_config());
  EXPECT_EQ(keys, expected.size());
  expected["state.directory"] = "\"/run/xpu\"";
  expected["backends.directories"] = "[\"/usr/lib/xpu/backends\"]";
  expected["policy.audit-log"] = "\"/var/log/xpu/audit.log\"";
  expected["cdi.spec-dirs"] = "[\"/etc/cdi\", \"/var/run/cdi\"]";
  expected["cost.directory"] = "\"/var/lib/xpu/usage\"";
  // Those of the profile that is the default.
  expected["policy.environment"] = expected["policy.annotations"] = "\"always\"";
  expected["policy.slurm"] = expected["policy.features"] = "\"always\"";
  expected["policy.volume-mounts"] = "\"never\"";
  expected["policy.default-sharing"] = "\"shared\"";
  expected["policy.sharing-choice"] = "\"any\"";
  EXPECT_EQ(values(loaded), expected);
  // Every key, and each in its own section.
  for (const auto& [key, value] : expected) {
    EXPECT_TRUE(loaded.origins.contains(key)) << key;
  }
  // Those of the backends are in their packages; that they know them is an integration test.
  EXPECT_TRUE(loaded.backends.empty());
  EXPECT_THAT(text, HasSubstr("\n[leases.share-limits]\n"));
}

TEST(ShippedConfig, KnowsVariablesOfOtherSystems) {
  std::map<std::string, Alias> aliases;
  for (const Alias& alias : parse_config(shipped(), "f").aliases) {
    aliases[alias.name] = alias;
  }
  const std::map<std::string, std::string> expected = {
      {"GHOSTNV_GPU_AFFINITY", "XPU_AFFINITY"},
      {"GHOSTNV_GPU_DEVICES", "XPU_VISIBLE_DEVICES"},
      {"GHOSTNV_GPU_EXCLUSIVE", "XPU_SHARING"},
      {"GHOSTNV_GPU_ISOLATION", "XPU_SHARING"},
      {"LIGHTOS_DEVICE_TYPE", "XPU_DEVICE_TYPE"},
      {"LIGHTOS_ENABLE_MULTI_GPU", "XPU_ENABLE_MULTI_GPU"},
      {"LIGHTOS_MAX_GPU", "XPU_MAX_GPU"},
      {"LIGHTOS_MIN_VRAM", "XPU_MIN_VRAM"},
      {"LIGHTOS_STRATEGY", "XPU_STRATEGY"}};
  std::map<std::string, std::string> targets;
  for (const auto& [name, alias] : aliases) {
    targets[name] = alias.variable;
  }
  EXPECT_EQ(targets, expected);
  EXPECT_THAT(aliases["GHOSTNV_GPU_ISOLATION"].values, ElementsAre(Pair("strict", "exclusive")));
  EXPECT_THAT(aliases["GHOSTNV_GPU_EXCLUSIVE"].values,
              ElementsAre(Pair("true", "exclusive"), Pair("1", "exclusive")));
}

}  // namespace
}  // namespace xpu
