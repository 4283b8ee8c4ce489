// SPDX-License-Identifier: Apache-2.0
// The smallest ELF files that the real tools take for what they stand in for.
#pragma once

#include <string>
#include <vector>

namespace xpu::fakes {

// A shared library that glibc's loader opens and ldconfig lists: x86-64 or, with `elf32`, i386.
std::string stub_library(const std::string& soname, const std::vector<std::string>& needed,
                         bool elf32);
// A static x86-64 program that prints `text` and ends with status 0.
std::string stub_program(const std::string& text);

}  // namespace xpu::fakes
