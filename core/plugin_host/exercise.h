// SPDX-License-Identifier: Apache-2.0
// The extensions of a backend for a moment, as a watching host runs them.
#pragma once

#include <string>

#include "core/plugin_host/collector.h"

namespace xpu {

// Starts them, lets them dispatch and sample, stops them, and logs by the numbers of their
// obligations what is not as it should be. The ids of those that are offered, separated by ','.
// Throws Error for what cannot be gone on with.
std::string exercise(const xpu_backend& backend, void* self, Collector& collector);

}  // namespace xpu
