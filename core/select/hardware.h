// SPDX-License-Identifier: Apache-2.0
// A device of a CDI file can be one that a backend describes too: policy and leases are about the
// hardware, whatever it is called.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/refresh.h"

namespace xpu {

// The ids of devices of ready backends that are reached through the nodes, by their numbers: parts
// of a device alone where the nodes have something that is only theirs.
std::vector<std::string> devices_behind(const std::vector<Node>& nodes,
                                        const std::vector<BackendStatus>& backends);

// The device, or, of a CDI file, those of backends that it is.
std::vector<const Device*> hardware_of(const Device& device,
                                       const std::vector<BackendStatus>& backends);
// The same of several, each once.
std::vector<const Device*> hardware_of(const std::vector<const Device*>& devices,
                                       const std::vector<BackendStatus>& backends);

}  // namespace xpu
