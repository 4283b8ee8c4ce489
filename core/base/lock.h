// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace xpu {

// Takes an exclusive flock(), which ends with the descriptor or its process; false when others held
// it all that time. Asks again and again: flock() itself knows no deadline, and a signal is not
// ours to use. Throws Error naming `path`.
bool lock_within(int fd, std::chrono::milliseconds most, const char* path);

}  // namespace xpu
