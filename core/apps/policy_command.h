// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime policy show`: who may ask for what, and why that is so.
#pragma once

#include <string>

#include "core/config/config.h"

namespace xpu {

std::string policy_text(const Config& config);
std::string policy_json(const Config& config);

}  // namespace xpu
