// SPDX-License-Identifier: Apache-2.0
// The driver's files as edits, and the conditions that go with them.
#pragma once

#include <string>

#include "backends/nvidia/driver_files.h"
#include "backends/nvidia/hardware.h"
#include "backends/nvidia/options.h"
#include "sdk/helpers/fs.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

// `common`: the capability that brings the files that serve none of their own; "" for always.
void emit_files(sdk::Sink& sink, const Options& options, const DriverFiles& driver,
                const std::string& common = "");
// Libraries of the CUDA toolkit, where configuration asks for them.
void emit_cuda(sdk::Sink& sink, const Options& options);
// Says to EGL and Vulkan which GPUs there are: they count those of the host. Goes with
// emit_devices().
void emit_profile(sdk::Sink& sink, const Hardware& hardware);
// Lets an image's own libcuda be used where it is newer than the driver and may be.
void emit_cuda_compat(sdk::Sink& sink, const Hardware& hardware, const std::string& folder);
void watch_files(sdk::Sink& sink, const sdk::Root& driver_root, const DriverFiles& driver);

}  // namespace xpu::nvidia
