// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/fd.h"

namespace xpu {

// <state_dir>/xpud.lock: flock()ed by the one xpud of a state folder, whose process number it
// holds. Goes with the descriptor, however the process ends. Throws Error that names the process
// that has it.
Fd lock_state(const std::string& state_dir);

}  // namespace xpu
