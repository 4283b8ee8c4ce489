// SPDX-License-Identifier: Apache-2.0
// The few facts of an ELF file that decide where it goes in a container.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs.h"

namespace xpu::sdk {

struct Elf {
  std::string architecture;         // "x86_64", "i386", "aarch64", "arm", ...; "" for others
  bool shared = false;              // ET_DYN: a library or a position-independent program
  std::string soname;               // DT_SONAME; "" for none
  std::vector<std::string> needed;  // DT_NEEDED, in order
};

// nullopt for anything that is not a whole little-endian ELF file; every offset is checked. Only
// the headers, the dynamic section and the strings it names are read, whatever the file's size.
std::optional<Elf> parse_elf(std::string_view bytes);
std::optional<Elf> read_elf(const Root& root, std::string_view inside);

}  // namespace xpu::sdk
