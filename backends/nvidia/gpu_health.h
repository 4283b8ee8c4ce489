// SPDX-License-Identifier: Apache-2.0
// Whether a GPU works, as far as NVML can be asked: what it reports by itself are events.
#pragma once

#include <optional>
#include <string>

#include "backends/nvidia/nvml_live.h"
#include "xpu/live.hpp"

namespace xpu::nvidia {

struct GpuHealth {
  std::optional<sdk::Health> state;  // nullopt: NVML does not say
  std::string reason;                // where it is not kOk
};

// By the driver's own word what is to be done about the GPU (since driver 565), replaced memory
// rows, retired memory pages, and whether the GPU answers at all.
GpuHealth gpu_health(const NvmlLive& nvml, nvml::Device device);

// "ok", "degraded", "failed", as the property "health".
const char* health_word(sdk::Health health);

}  // namespace xpu::nvidia
