// SPDX-License-Identifier: Apache-2.0
// The Windows driver as WSL2 shows it to Linux.
#pragma once

#include <string>
#include <vector>

#include "backends/nvidia/driver_files.h"
#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

// Libraries for every Linux program; the folder is WSL's own.
inline constexpr const char* kWslFolder = "/usr/lib/wsl/lib";
// One folder per Windows driver.
inline constexpr const char* kWslStores = "/usr/lib/wsl/drivers";

bool has_dxcore(const sdk::Root& driver_root);

// Those of this vendor, the newest first: Windows keeps the folders of drivers that it has
// replaced.
std::vector<std::string> wsl_stores(const sdk::Root& driver_root);

// Libraries and programs of the folder, and where it lacks one, of the stores in their order; and
// the stores, where the libraries look for the rest.
DriverFiles find_wsl_files(const sdk::Root& driver_root, const std::vector<std::string>& stores);

}  // namespace xpu::nvidia
