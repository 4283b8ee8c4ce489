// SPDX-License-Identifier: Apache-2.0
// The driver's files as edits, and the conditions that go with them.
#pragma once

#include "backends/nvidia/driver_files.h"
#include "sdk/helpers/fs.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

void emit_files(sdk::Sink& sink, const sdk::Root& driver_root, const DriverFiles& driver);
void watch_files(sdk::Sink& sink, const sdk::Root& driver_root, const DriverFiles& driver);

}  // namespace xpu::nvidia
