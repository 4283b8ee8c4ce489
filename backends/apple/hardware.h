// SPDX-License-Identifier: Apache-2.0
// The GPUs of a Mac, as Metal and IOKit tell of them.
#pragma once

#include <cstdint>
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

}  // namespace xpu::apple
