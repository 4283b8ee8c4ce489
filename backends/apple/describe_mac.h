// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/apple/frameworks.h"
#include "xpu/backend.hpp"

namespace xpu::apple {

// describe_host() of macOS with frameworks of the caller's choice.
void describe_mac(sdk::Sink& sink, const Frameworks& frameworks);

}  // namespace xpu::apple
