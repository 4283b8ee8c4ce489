// SPDX-License-Identifier: Apache-2.0
// What configuration says, [options] of the manifest checked.
#pragma once

#include <string>

#include "sdk/helpers/fs.h"
#include "sdk/helpers/user_libraries.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

// How GPUs, nodes and driver files are found.
enum class Mode {
  kAuto,
  kNvml,  // a kernel module of its own
  kWsl,   // the driver of Windows, seen from WSL2
  kCsv,   // mount specifications of a Tegra system
};

struct Options {
  sdk::Root driver_root, dev_root, sys_root;
  Mode mode = Mode::kAuto;
  std::string csv_path;     // folder of mount specifications
  bool cuda_compat = true;  // use an image's own newer libcuda
  sdk::InjectDrivers drivers = sdk::InjectDrivers::kAlways;
  std::string cuda_path;  // of the toolkit, on the host
  sdk::InjectDrivers cuda = sdk::InjectDrivers::kNever;
  bool watch_nvml = true;  // keep NVML open to be told of errors
};

// Throws sdk::Invalid naming the option.
Options read_options(const sdk::Sink& sink);

}  // namespace xpu::nvidia
