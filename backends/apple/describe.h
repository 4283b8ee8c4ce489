// SPDX-License-Identifier: Apache-2.0
// The one thing that the platforms do differently.
#pragma once

#include "xpu/backend.hpp"

namespace xpu::apple {

inline constexpr const char* kVendor = "apple";

void describe_host(sdk::Sink& sink);

}  // namespace xpu::apple
