// SPDX-License-Identifier: Apache-2.0
// Starting a program of the host, such as one that loads a kernel module.
#pragma once

#include <string>
#include <vector>

namespace xpu::sdk {

// Runs `program` (an absolute path) with `arguments`, without a shell and with PATH as its whole
// environment, and waits for at most `seconds`; then it is killed. What it prints goes where the
// backend's own output goes: into the log. Returns what went wrong, as one line that begins with
// the command; "" when it ended with status 0.
std::string run_program(const std::string& program, const std::vector<std::string>& arguments,
                        unsigned seconds);

}  // namespace xpu::sdk
