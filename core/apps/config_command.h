// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime config show`: every key and its value, and where each comes from.
#pragma once

#include <string>

#include "core/config/config.h"

namespace xpu {

// As a config.toml that means the same. `origin`: with the default of each key and who decides it:
// "FILE:LINE", "profile NAME" or "default".
std::string config_text(const Config& config, bool origin);
std::string config_json(const Config& config, bool origin);

}  // namespace xpu
