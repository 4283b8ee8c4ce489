// SPDX-License-Identifier: Apache-2.0
// What this process is to the kernel: which boot, which user namespace.
#pragma once

#include <string>

namespace xpu {

// The id of this boot; "" where the kernel does not tell.
const std::string& boot_id();

// Whether we are in another user namespace than the initial one.
bool in_user_namespace();

}  // namespace xpu
