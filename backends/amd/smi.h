// SPDX-License-Identifier: Apache-2.0
// What the vendor's management libraries say beyond the kernel: AMD SMI where it is installed, else
// ROCm SMI. Both run code of theirs in this process, and both read the host's own /sys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::amd {

struct SmiGpu {
  std::string pci;
  std::string name;                            // marketing name; "" when the library knows none
  std::string uuid;                            // "" when the library forms none
  std::optional<std::uint64_t> uncorrectable;  // errors of memory since the driver was loaded
};

struct SmiAnswer {
  std::string source;   // "amd-smi", "rocm-smi"; "" when none answered
  std::string problem;  // why those that are there did not
  std::vector<SmiGpu> gpus;
};

SmiAnswer ask_smi(const sdk::Root& driver_root, const std::string& rocm_path);

// Paths inside the root whose appearance may bring a library.
std::vector<std::string> smi_places(const std::string& rocm_path);

// Of one library; throws std::runtime_error saying why it does not answer. The library stays
// loaded.
std::vector<SmiGpu> ask_amd_smi(const std::string& path);
std::vector<SmiGpu> ask_rocm_smi(const std::string& path);

}  // namespace xpu::amd
