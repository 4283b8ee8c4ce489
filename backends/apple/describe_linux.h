// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/apple/drm.h"
#include "xpu/backend.hpp"

namespace xpu::apple {

// describe_host() with a way to the DRM nodes of the caller's choice.
void describe_linux(sdk::Sink& sink, const DrmCalls& calls);

}  // namespace xpu::apple
