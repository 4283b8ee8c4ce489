// SPDX-License-Identifier: Apache-2.0
// ROCm's user libraries of the host, for images that bring none.
#pragma once

#include <string>

#include "sdk/helpers/fs.h"
#include "sdk/helpers/user_libraries.h"
#include "xpu/backend.hpp"

namespace xpu::amd {

// Throws sdk::Invalid where libraries are wanted and rocm_path holds none.
void emit_rocm_libraries(sdk::Sink& sink, sdk::InjectDrivers inject, const sdk::Root& driver_root,
                         const std::string& rocm_path);

}  // namespace xpu::amd
