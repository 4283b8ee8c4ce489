// SPDX-License-Identifier: Apache-2.0
// The files that mount specifications name.
#pragma once

#include "backends/nvidia/driver_files.h"
#include "backends/nvidia/tegra_csv.h"

namespace xpu::nvidia {

struct TegraFiles {
  DriverFiles base;   // for every container
  DriverFiles extra;  // for those that ask for everything
  // Folders inside the root whose entries decide which of the files there are.
  std::set<std::string> folders;
};

TegraFiles find_tegra_files(const sdk::Root& root, const MountSpecs& specs);

}  // namespace xpu::nvidia
