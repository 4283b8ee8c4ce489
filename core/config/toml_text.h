// SPDX-License-Identifier: Apache-2.0
// Values as config.toml has them. A text, a list of texts, a number and a flag are the same in
// JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu {

std::string toml_text(const std::string& value);
std::string toml_text(const std::vector<std::string>& values);
std::string toml_text(bool value);
std::string toml_text(unsigned value);
// "" for one that is not set.
std::string toml_text(const std::optional<std::string>& value);

// A key, in quotes where it needs them.
std::string toml_key(const std::string& key);

}  // namespace xpu
