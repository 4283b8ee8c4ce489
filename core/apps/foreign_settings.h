// SPDX-License-Identifier: Apache-2.0
// The settings in a configuration file of another system, whether JSON or TOML.
#pragma once

#include <string>
#include <vector>

namespace xpu {

struct ForeignSetting {
  std::string path;  // "section.key"
  std::string text;  // of a text without quotes; else as `toml`
  std::string toml;  // as a value of ours; "" for one of a kind that no key of ours has
};

// As they stand in the file. Throws Error that names it when it cannot be read or is neither.
std::vector<ForeignSetting> read_foreign_settings(const std::string& file);

}  // namespace xpu
