// SPDX-License-Identifier: Apache-2.0
// What the compute driver knows of processes and of its memory, below /sys/class/kfd.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/amd/hardware.h"
#include "xpu/live.hpp"

namespace xpu::amd {

struct KfdTarget {
  std::uint32_t gpu = 0;  // gpu_id
  std::uint64_t compute_units = 0;
  std::string device;   // "amd:0", "amd:1:3"
  bool asleep = false;  // it is not to be asked
};

// Of each process of KFD: memory, seconds of the copy engine, and the share of compute units that
// its work holds now. Processes that use nothing of a device are not emitted for it.
void emit_kfd_processes(sdk::Samples& samples, const sdk::Root& sys_root,
                        const std::vector<KfdTarget>& targets);

// What of a part's memory is in use, where the kernel tells.
std::optional<std::uint64_t> used_memory(const sdk::Root& sys_root, const Part& part);

}  // namespace xpu::amd
