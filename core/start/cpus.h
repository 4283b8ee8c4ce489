// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xpu {

// Whether it is such a list: numbers, and ranges that ascend, with commas between them.
bool is_cpu_list(std::string_view text);

// NUMA nodes that hold one of the CPUs of a list like "0-3,8" (linux.resources.cpu.cpus),
// ascending; empty for an empty list, and where the kernel tells no nodes. `folder`:
// /sys/devices/system/node.
std::vector<int> numa_nodes_of(const std::string& cpus, const std::string& folder);

}  // namespace xpu
