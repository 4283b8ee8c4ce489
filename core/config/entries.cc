// SPDX-License-Identifier: Apache-2.0
// Sections whose keys the administrator chooses: [aliases], [leases.share-limits],
// [backends.NAME].
#include <algorithm>

#include "core/base/nearest.h"
#include "core/config/schema.h"
#include "core/config/toml_text.h"

namespace xpu {
namespace {

constexpr std::string_view kOwnPrefix = "XPU_";
constexpr const char* kAliasShape =
    "must be the name of a variable in quotes, or { variable = \"XPU_...\", values = { from = "
    "\"to\" } }";

bool is_variable_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
             std::string_view::npos;
}

std::string alias_target(const ValueReader& reader, const toml::node& node) {
  const std::string target = reader.text(node);
  const auto& known = kRequestVariables;
  if (std::find(std::begin(known), std::end(known), target) == std::end(known)) {
    reader.bad(node, "must stand for a variable of this runtime, not '", target, "'",
               did_you_mean(target, {std::begin(known), std::end(known)}));
  }
  return target;
}

// { from = "to" }
void read_alias_values(ValueReader& reader, const toml::table& values, Alias& alias) {
  for (const auto& [from, to] : in_order(values)) {
    alias.values.emplace_back(from->str(), reader.text(*to));
  }
}

Alias alias_of(ValueReader& reader, const toml::node& node) {
  Alias alias{reader.key, "", {}};
  if (!node.is_table()) {
    if (!node.is_string()) {
      reader.bad(node, kAliasShape);
    }
    alias.variable = alias_target(reader, node);
    return alias;
  }
  for (const auto& [key, value] : *node.as_table()) {
    if (key == "variable") {
      alias.variable = alias_target(reader, value);
    } else if (key == "values" && value.is_table()) {
      read_alias_values(reader, *value.as_table(), alias);
    } else {
      reader.bad(value, kAliasShape);
    }
  }
  if (alias.variable.empty()) {
    reader.bad(node, kAliasShape);
  }
  return alias;
}

// "{ a = "b" }", or "{"a":"b"}" in JSON.
std::string values_text(const std::vector<std::pair<std::string, std::string>>& values, bool json) {
  std::string out;
  for (const auto& [from, to] : values) {
    out += cat(out.empty() ? ""
               : json      ? ","
                           : ", ",
               json ? toml_text(from) : toml_key(from), json ? ":" : " = ", toml_text(to));
  }
  return json ? cat('{', out, '}') : cat("{ ", out, " }");
}

BackendConfig::Enabled enabled(const ValueReader& reader, const toml::node& node) {
  if (const auto value = node.value_exact<bool>()) {
    return *value ? BackendConfig::Enabled::kYes : BackendConfig::Enabled::kNo;
  }
  if (node.value_exact<std::string>() != "auto") {
    reader.bad(node, "must be true, false or \"auto\"");
  }
  return BackendConfig::Enabled::kDefault;
}

std::string option(const ValueReader& reader, const toml::node& node) {
  if (const auto value = node.value_exact<bool>()) {
    return *value ? "true" : "false";
  }
  if (const auto value = node.value_exact<std::int64_t>()) {
    return std::to_string(*value);
  }
  if (!node.is_string()) {
    reader.bad(node, "must be a text, a whole number, true or false");
  }
  return reader.text(node);
}

std::string enabled_text(BackendConfig::Enabled enabled) {
  return enabled == BackendConfig::Enabled::kDefault ? "\"auto\""
         : enabled == BackendConfig::Enabled::kYes   ? "true"
                                                     : "false";
}

}  // namespace

bool read_alias(ValueReader& reader, const toml::key& key, const toml::node& node, Config& config) {
  if (!is_variable_name(reader.key) || reader.key.starts_with(kOwnPrefix)) {
    reader.bad(node, "is no name for an alias: letters, digits and '_', and not XPU_*");
  }
  auto known = std::find_if(config.aliases.begin(), config.aliases.end(),
                            [&](const Alias& alias) { return alias.name == reader.key; });
  if (known == config.aliases.end()) {
    // What a mistake leaves of it: a variable that asks, so that nobody who sets it starts without.
    known = config.aliases.insert(known, {reader.key, std::string(kRequestVariables[0]), {}});
  }
  *known = alias_of(reader, node);
  reader.note_origin(key, config);
  return true;
}

void read_share_limits(ValueReader& reader, const toml::node& node, Config& config) {
  std::vector<std::pair<std::string, unsigned>> limits;
  const toml::table& table = reader.table(node);
  reader.section += ".share-limits";
  for (const auto& [pattern, value] : in_order(table)) {
    reader.key = pattern->str();
    reader.check_pattern(*value, reader.key);
    limits.emplace_back(reader.key, reader.number(*value, 0, 10000, "number"));
    reader.note_origin(*pattern, config);
  }
  // The first that matches counts, so those of a later file come before the others.
  for (const auto& earlier : config.share_limits) {
    if (std::none_of(limits.begin(), limits.end(),
                     [&](const auto& limit) { return limit.first == earlier.first; })) {
      limits.push_back(earlier);
    }
  }
  config.share_limits = std::move(limits);
}

bool read_backend(ValueReader& reader, const toml::key& key, const toml::node& node,
                  Config& config) {
  if (!node.is_table()) {
    return false;
  }
  const std::string name(key.str());
  if (!is_name(name)) {
    reader.bad(node, "is no name of a backend: lower-case letters, digits and '-', at most 32");
  }
  reader.section = cat("backends.", name);
  BackendConfig& backend = config.backends[name];
  for (const auto& [option_key, value] : *node.as_table()) {
    reader.key = option_key.str();
    if (reader.key == "enabled") {
      backend.enabled = enabled(reader, value);
    } else if (reader.key == "features") {
      backend.features = reader.names(value);
    } else {
      backend.options[reader.key] = option(reader, value);
    }
    reader.note_origin(option_key, config);
  }
  return true;
}

void show_aliases(const Config& config, std::vector<ShownKey>& rows) {
  for (const Alias& alias : config.aliases) {
    const std::string target = toml_text(alias.variable);
    if (alias.values.empty()) {
      rows.push_back({"aliases", alias.name, target, target});
    } else {
      rows.push_back(
          {"aliases", alias.name,
           cat("{ variable = ", target, ", values = ", values_text(alias.values, false), " }"),
           cat("{\"variable\":", target, ",\"values\":", values_text(alias.values, true), "}")});
    }
  }
}

void show_share_limits(const Config& config, std::vector<ShownKey>& rows) {
  for (const auto& [pattern, limit] : config.share_limits) {
    rows.push_back({"leases.share-limits", pattern, toml_text(limit), toml_text(limit)});
  }
}

void show_backends(const Config& config, std::vector<ShownKey>& rows) {
  const auto add = [&](const std::string& backend, const std::string& key, std::string value) {
    rows.push_back({cat("backends.", backend), key, value, value});
  };
  for (const auto& [name, backend] : config.backends) {
    add(name, "enabled", enabled_text(backend.enabled));
    if (backend.features) {
      add(name, "features", toml_text(*backend.features));
    }
    for (const auto& [key, value] : backend.options) {
      add(name, key, toml_text(value));
    }
  }
}

}  // namespace xpu
