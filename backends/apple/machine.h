// SPDX-License-Identifier: Apache-2.0
// Whose machine this is, or the host's of this virtual machine.
#pragma once

#include <string>

#include "sdk/helpers/fs.h"

namespace xpu::apple {

struct Machine {
  bool apple = false;
  std::string evidence;  // "CPU implementer 0x61"
  std::string chip;      // "t8103", of a machine that is no virtual one; "" when unknown
  std::string model;     // "Apple Mac mini (M1, 2020)"; "" when unknown
};

Machine find_machine(const sdk::Root& sys_root);

// What a chip is sold as ("t8103" → "M1"), and what its GPU is called ("g13g"); "" when unknown.
std::string chip_name(const std::string& chip);
std::string chip_architecture(const std::string& chip);

}  // namespace xpu::apple
