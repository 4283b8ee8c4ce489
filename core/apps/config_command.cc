// SPDX-License-Identifier: Apache-2.0
#include "core/apps/config_command.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/base/error.h"
#include "core/config/keys.h"
#include "core/config/toml_text.h"
#include "core/policy/policy.h"

namespace xpu {
namespace {

namespace bj = boost::json;

// Every key with the value in force: what no file sets may be as the profile says.
std::vector<ShownKey> keys_in_force(const Config& config) {
  std::vector<ShownKey> keys = shown_keys(config);
  const std::vector<PolicyRow> rows = policy_rows(config);
  for (ShownKey& key : keys) {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const PolicyRow& r) { return r.key == key.name; });
    if (key.toml.empty() && row != rows.end()) {
      key.toml = key.json = toml_text(row->value);
    }
  }
  return keys;
}

// The defaults under the profile that is in force.
std::vector<ShownKey> default_keys(const Config& config) {
  Config defaults = default_config();
  const std::string profile = std::exchange(defaults.profile, config.profile);
  std::vector<ShownKey> keys = keys_in_force(defaults);
  for (ShownKey& key : keys) {
    if (key.section == "policy" && key.name == "profile") {
      key.toml = key.json = toml_text(profile);
    }
  }
  return keys;
}

// nullptr for a key that stands for nothing until it is set, such as an alias.
const ShownKey* default_of(const ShownKey& key, const std::vector<ShownKey>& defaults) {
  const auto found = std::find_if(defaults.begin(), defaults.end(), [&](const ShownKey& one) {
    return one.section == key.section && one.name == key.name;
  });
  return found == defaults.end() ? nullptr : &*found;
}

std::string origin_of(const ShownKey& key, const Config& config,
                      const std::vector<PolicyRow>& rows) {
  const auto set = config.origins.find(cat(key.section, '.', key.name));
  if (set != config.origins.end()) {
    return cat(set->second.file, ':', set->second.line);
  }
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const PolicyRow& r) { return r.key == key.name; });
  const bool by_profile =
      key.section == "policy" && row != rows.end() && row->why.starts_with("profile ");
  return by_profile ? row->why : "default";
}

}  // namespace

std::string config_text(const Config& config, bool origin) {
  const std::vector<ShownKey> defaults = default_keys(config);
  const std::vector<PolicyRow> rows = policy_rows(config);
  std::string out, section;
  for (const ShownKey& key : keys_in_force(config)) {
    if (key.section != section) {
      out += cat(out.empty() ? "" : "\n", "[", key.section, "]\n");
      section = key.section;
    }
    out += cat(toml_key(key.name), " = ", key.toml);
    if (origin) {
      const std::string from = origin_of(key, config, rows);
      const ShownKey* usual = default_of(key, defaults);
      out += cat("  # ", from,
                 from == "default" || from.starts_with("profile ") ? ""
                 : usual == nullptr                                ? "; no default"
                                    : cat("; default ", usual->toml));
    }
    out += '\n';
  }
  return out;
}

std::string config_json(const Config& config, bool origin) {
  const std::vector<ShownKey> defaults = default_keys(config);
  const std::vector<PolicyRow> rows = policy_rows(config);
  bj::array keys;
  for (const ShownKey& key : keys_in_force(config)) {
    bj::object object{{"section", key.section}, {"key", key.name}, {"value", bj::parse(key.json)}};
    if (origin) {
      const ShownKey* usual = default_of(key, defaults);
      object["default"] = usual == nullptr ? bj::value() : bj::parse(usual->json);
      object["origin"] = origin_of(key, config, rows);
    }
    keys.push_back(std::move(object));
  }
  return bj::serialize(bj::object{{"file", config.file}, {"keys", std::move(keys)}}) + "\n";
}

}  // namespace xpu
