// SPDX-License-Identifier: Apache-2.0
// The driver files of a listing, written below a root as stubs.
#pragma once

#include <string>

#include "tests/fakes/driver_tree/driver_tree.h"

namespace xpu::fakes {

// Returns the driver's version; leaves the place of NVML in `nvml_path` (inside the root).
std::string write_driver_files(const TreeOptions& options, std::string& nvml_path);

void write_file(const std::filesystem::path& path, const std::string& content,
                bool program = false);
void make_link(const std::filesystem::path& path, const std::string& target);

}  // namespace xpu::fakes
