// SPDX-License-Identifier: Apache-2.0
// What is found, as devices with their nodes.
#pragma once

#include <vector>

#include "backends/intel/accelerators.h"
#include "backends/intel/gpus.h"
#include "backends/intel/health.h"
#include "backends/intel/host.h"
#include "backends/intel/sysman.h"

namespace xpu::intel {

// GPUs and their virtual functions; the number of GPUs as such. "0", "1", ... by PCI address;
// "1:0" is virtual function 0 of GPU 1.
unsigned emit_gpus(sdk::Sink& sink, const Host& host, const std::vector<Gpu>& gpus,
                   const Sysman& sysman);

// The indices go on behind the GPUs'.
void emit_npus(sdk::Sink& sink, const Host& host, const std::vector<Accelerator>& npus,
               const Sysman& sysman, unsigned first_index);

// The index is the number of the node, as with the vendor's own runtime.
void emit_gaudis(sdk::Sink& sink, const Host& host, const HealthRules& rules,
                 const std::vector<Accelerator>& gaudis);

// WSL2: no device of the kernel's, but /dev/dxg, which reaches every GPU of the Windows host.
inline constexpr const char* kDxg = "/dev/dxg";
bool is_wsl(const Host& host);
void emit_wsl(sdk::Sink& sink, const Host& host, const Sysman& sysman);

}  // namespace xpu::intel
