// SPDX-License-Identifier: Apache-2.0
// Samples of xpu/metrics.h by NVML: what the driver does not tell is left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "backends/nvidia/nvml_session.h"
#include "xpu/live.hpp"

namespace xpu::nvidia {

class Meters {
 public:
  // Of every GPU and partition, while the session is open.
  void sample(sdk::Samples& samples, NvmlSession& session);

 private:
  void sample_processes(sdk::Samples& samples, const NvmlLive& nvml, const OpenGpu& gpu);

  // GPU → the last moment whose work was counted, microseconds since 1970.
  std::map<std::string, std::uint64_t> seen_us_;
};

}  // namespace xpu::nvidia
