// SPDX-License-Identifier: Apache-2.0
// Programs of the engines: where they are, and what they answer.
#pragma once

#include <string>
#include <vector>

namespace xpu {

// The absolute path, below `root`, of the program of that name: in the PATH when `root` is "", and
// where systems keep their daemons, which are not in everybody's PATH. "" when there is none.
std::string find_program(const std::string& root, const std::string& name);

struct Answer {
  int status = -1;     // the exit status; -1: not started, killed or out of time
  std::string output;  // both streams, as far as 64 KiB
};

// Runs a program with nothing on its standard input and waits for it, `seconds` at most.
Answer ask(const std::vector<std::string>& command, unsigned seconds);

}  // namespace xpu
