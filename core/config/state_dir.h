// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace xpu {

// Value of a variable that holds an absolute path; "" for any other.
std::string absolute_variable(const char* name);

// The caller is the system's own root, whose files lie in the system's own folders.
bool is_system_wide();

// Where state is kept that no configuration places elsewhere: the system's own folder for it, or
// the user's.
std::string default_state_dir(bool system_wide);

}  // namespace xpu
