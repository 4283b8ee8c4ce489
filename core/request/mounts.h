// SPDX-License-Identifier: Apache-2.0
// Requests by mounts of /dev/null: an orchestrator can let a tenant set variables, and keep volumes
// to itself.
//
// What stands below a folder of devices is one element of the list in XPU_VISIBLE_DEVICES, with
// "VENDOR/0" for "VENDOR:0"; below a folder that a backend names it is one of that backend's first
// variable. Below "cdi/" in any of them, "vendor.com/class/name" is the CDI device of that name.
#pragma once

#include <string_view>
#include <vector>

#include "core/request/elements.h"

namespace xpu {

inline constexpr std::string_view kMountFolder = "/var/run/xpu-container-devices";

// A source for each such mount, the value being what stands below the folder; no more than a
// container may have.
std::vector<Source> device_mounts(const std::vector<std::string>& destinations,
                                  const std::vector<FoundBackend>& backends);

// The source with its value as a list of one element. Throws Error.
Source as_element(Source mount);

}  // namespace xpu
