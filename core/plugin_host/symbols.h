// SPDX-License-Identifier: Apache-2.0
// What a library offers and wants, read without loading it.
#pragma once

#include <string>
#include <vector>

namespace xpu {

struct Symbols {
  std::vector<std::string> exported;  // names that it defines for others, sorted
  std::vector<std::string> needed;    // libraries, in its order
};

// Of the library behind `fd`, whose headers were checked before. Throws Error that names `path`.
Symbols read_symbols(int fd, const std::string& path);

}  // namespace xpu
