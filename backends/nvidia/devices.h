// SPDX-License-Identifier: Apache-2.0
// What the GPUs and partitions are called, and whether they can be used.
#pragma once

#include <string>
#include <vector>

#include "backends/nvidia/hardware.h"
#include "backends/nvidia/nodes.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

inline constexpr const char* kVendorName = "nvidia";
// The value of edits whose bits are the minor numbers of the GPUs given.
inline constexpr const char* kMinors = "minors";
inline constexpr unsigned kMinorBits = 64;

// `problem`: why the GPU cannot be used; "" when it can.
sdk::Device to_device(const Gpu& gpu, const std::string& driver, const std::string& problem);

// The device with its further names and properties.
void emit_device(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu);

// "0:1"; by the instances, "0:7:0", for a partition that NVML did not number: it may number them in
// another order.
std::string partition_index(const Gpu& gpu, const MigDevice& mig);

// GPUs and partitions with their names, properties and nodes. `driver_problem` is that of all.
std::vector<sdk::Device> emit_devices(sdk::Sink& sink, const Nodes& nodes, const Hardware& hardware,
                                      const std::string& driver_problem);

}  // namespace xpu::nvidia
