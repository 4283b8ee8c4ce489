// SPDX-License-Identifier: Apache-2.0
// xpu-runtime explain: what would be edited for a container, and why, changing nothing.
#pragma once

#include <string>

#include "core/config/config.h"
#include "core/plugin/refresh.h"

namespace xpu {

// Returns text or JSON. Throws Error with the line that the container's start would fail with.
std::string explain(const Config& config, const std::string& bundle_dir, bool json);

// The mode of most containers of this host: "spec"; "" where none start.
std::string mode_of_host(const Config& config, const std::vector<BackendStatus>& backends);

}  // namespace xpu
