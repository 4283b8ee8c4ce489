// SPDX-License-Identifier: Apache-2.0
// Where the dynamic loader of this host finds the driver, on hosts that keep it in none of the
// usual folders.
#pragma once

#include <string>
#include <vector>

namespace xpu::nvidia {

// Folders of the libraries that the loader opens under these names, links followed, each once.
std::vector<std::string> loader_folders(const std::vector<std::string>& names);

// Files of the libraries that this process has loaded so far.
std::vector<std::string> loaded_libraries();

}  // namespace xpu::nvidia
