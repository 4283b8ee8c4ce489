// SPDX-License-Identifier: Apache-2.0
// GPUs as devices of the description: ids, names, aliases, properties.
#pragma once

#include <string>
#include <vector>

#include "backends/amd/hardware.h"
#include "backends/amd/nodes.h"
#include "xpu/backend.hpp"

namespace xpu::amd {

// One device for each GPU, in their order, and one for each part of a divided one.
std::vector<sdk::Device> emit_devices(sdk::Sink& sink, const std::vector<Gpu>& gpus,
                                      const Nodes& nodes, const std::string& driver);

// What to call each GPU where the description may be older or newer than the list: by what stays
// the same of it. Its UUID, else its PCI address, else its index.
std::vector<std::string> lasting_names(const std::vector<Gpu>& gpus);

}  // namespace xpu::amd
