// SPDX-License-Identifier: Apache-2.0
// A key of a configuration file, whatever its syntax, and what it is to say.
#pragma once

#include <string>
#include <vector>

namespace xpu {

using KeyPath = std::vector<std::string>;

struct Setting {
  KeyPath path;
  std::string literal;  // a value in the syntax of the file, on one line
};

}  // namespace xpu
