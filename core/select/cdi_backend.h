// SPDX-License-Identifier: Apache-2.0
// A CDI file as one more backend.
#pragma once

#include <string>
#include <vector>

#include "core/cdi/spec.h"
#include "core/plugin/refresh.h"

namespace xpu {

// With those of the spec's devices that are named. Nodes are looked up on the host. Throws Error
// naming file, device and node.
BackendStatus cdi_backend(const cdi::Spec& spec, const std::string& file,
                          const std::vector<std::string>& devices);

}  // namespace xpu
