// SPDX-License-Identifier: Apache-2.0
// What GPUs are called.
#pragma once

#include <cstdint>
#include <string>

#include "sdk/helpers/fs.h"

namespace xpu::amd {

// 90010 → "gfx90a"; "" for 0.
std::string gfx_name(std::uint64_t gfx_target_version);
// Of the GPUs that were new before kernels said it themselves; "" for others.
std::string gfx_name_of_device(std::uint64_t pci_device);
// Whether every GPU of this name shares the memory of the host.
bool is_integrated(const std::string& gfx);

// Marketing name by libdrm's table on the host; "" for none.
class MarketingNames {
 public:
  explicit MarketingNames(const sdk::Root& driver_root);
  std::string find(unsigned device, unsigned revision) const;

 private:
  std::string table_;
};

// "" for what libraries and kernels say when they know no name: "N/A", "0x740f", "unknown".
std::string usable_name(const std::string& name);

}  // namespace xpu::amd
