// SPDX-License-Identifier: Apache-2.0
// The configuration key by key, for `config show`.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"

namespace xpu {

struct ShownKey {
  std::string section, name;  // "policy" and "profile"; origins has it as "policy.profile"
  std::string toml, json;     // the value; both "" where nothing is set and the profile decides
};

// Every key, whether or not a file sets it, in the order of the shipped config.toml.
std::vector<ShownKey> shown_keys(const Config& config);

}  // namespace xpu
