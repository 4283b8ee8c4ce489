// SPDX-License-Identifier: Apache-2.0
// What an ELF library offers and wants, read without loading it.
#pragma once

#include <string>
#include <vector>

namespace xpu {

struct Symbols {
  std::vector<std::string> exported;  // names that it defines for others, sorted
  std::vector<std::string> needed;    // libraries (DT_NEEDED), in its order
};

// Of the library behind `fd`, whose ELF header was checked before. Throws Error that names `path`.
Symbols read_symbols(int fd, const std::string& path);

}  // namespace xpu
