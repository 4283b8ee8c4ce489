// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime release`: an operator ends a lease.
#pragma once

#include <string>

#include "core/record/record.h"

namespace xpu {

// Ends the lease of the container with that id, name or beginning of an id, and says so in a line
// for a person. One that lives needs `force`, and keeps its access until it ends itself. `on_dead`
// is told of the end. Throws Error that lists who holds devices when nobody or several are meant.
std::string release_container(const std::string& state_dir, const std::string& container,
                              bool force, const OnDead& on_dead);

}  // namespace xpu
