// SPDX-License-Identifier: Apache-2.0
// The GPUs of a Mac, as Metal and IOKit tell of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "backends/apple/frameworks.h"

namespace xpu::apple {

struct MacGpu {
  std::uint64_t registry_id = 0;  // of the service that drives it, until the next start
  std::string name;               // "Apple M1 Max"
  std::string architecture;       // "g13c"; "" when unknown
  unsigned cores = 0;             // 0: unknown
  bool unified = true;            // shares the memory of the machine
  std::uint64_t working_set = 0;  // bytes that it can use without slowing down; 0: unknown
};

// Those that Metal lists, with what IOKit adds; all accelerators of IOKit where Metal cannot be
// asked.
std::vector<MacGpu> mac_gpus(const Frameworks& frameworks);

inline constexpr const char* kAccelerator = "IOAccelerator";
inline constexpr std::uint32_t kMainPort = 0;  // kIOMainPortDefault

// Numbers that an accelerator's driver keeps ("Device Utilization %"), of those in `keys`.
struct MacStatistics {
  std::uint64_t registry_id = 0;
  std::map<std::string, double> values;
};
std::vector<MacStatistics> mac_statistics(const Frameworks& frameworks,
                                          const std::vector<const char*>& keys);

}  // namespace xpu::apple
