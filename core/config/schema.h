// SPDX-License-Identifier: Apache-2.0
// Every key of config.toml: how it is read and how it is shown. What is known, for suggestions, is
// what is read and what `config show` prints.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/keys.h"
#include "core/config/read_value.h"

namespace xpu {

struct SchemaKey {
  std::string_view name;
  void (*read)(ValueReader& reader, const toml::node& node, Config& config);
  std::string (*show)(const Config& config);  // nullptr: its section's `rows` show it
};

struct SchemaSection {
  std::string_view name;
  std::span<const SchemaKey> keys;
  // Reads what is none of the keys; false when that is unknown. Notes origins itself.
  bool (*entry)(ValueReader& reader, const toml::key& key, const toml::node& node, Config& config);
  void (*rows)(const Config& config, std::vector<ShownKey>& rows);  // of what is none of the keys
  // Counts in a configuration with mistakes elsewhere, see salvage_config().
  bool salvaged;
};

std::span<const SchemaSection> schema();

// Of sections whose keys are names that the administrator chooses.
bool read_alias(ValueReader& reader, const toml::key& key, const toml::node& node, Config& config);
bool read_backend(ValueReader& reader, const toml::key& key, const toml::node& node,
                  Config& config);
void read_share_limits(ValueReader& reader, const toml::node& node, Config& config);
void show_aliases(const Config& config, std::vector<ShownKey>& rows);
void show_backends(const Config& config, std::vector<ShownKey>& rows);
void show_share_limits(const Config& config, std::vector<ShownKey>& rows);

}  // namespace xpu
