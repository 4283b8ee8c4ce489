// SPDX-License-Identifier: Apache-2.0
// The user-space driver of the host (Level Zero, OpenCL, media) and oneAPI's libraries, for images
// that do not bring them, where configuration asks for it.
#pragma once

#include <string>

#include "backends/intel/host.h"
#include "sdk/helpers/user_libraries.h"

namespace xpu::intel {

void emit_user_driver(sdk::Sink& sink, const Host& host, sdk::InjectDrivers inject,
                      const std::string& oneapi_path);

}  // namespace xpu::intel
