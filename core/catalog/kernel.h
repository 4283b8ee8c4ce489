// SPDX-License-Identifier: Apache-2.0
// What conditions need of the kernel, and Linux and macOS tell differently.
#pragma once

#include <time.h>

namespace xpu {

// A clock that runs from the start of the machine, also while it sleeps.
clockid_t clock_since_boot();

// Whether an open file is on a file system of the kernel's own making, where times mean nothing.
bool is_of_kernel(int fd);

}  // namespace xpu
