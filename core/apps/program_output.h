// SPDX-License-Identifier: Apache-2.0
// What another program of this host says.
#pragma once

#include <string>
#include <vector>

namespace xpu {

struct ProgramOutput {
  int code = 0;  // 128 + signal for one that was killed
  std::string out, err;
};

// Runs a program of PATH with our environment and no input. `args`: with its name. Throws Error
// when it is not there, cannot be started, has not ended after `seconds`, or says more than 16 MiB.
ProgramOutput output_of(const std::vector<std::string>& args, int seconds);

}  // namespace xpu
