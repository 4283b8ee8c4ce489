// SPDX-License-Identifier: Apache-2.0
// A library as a file of its system's format.
#pragma once

#include <string>

namespace xpu {

// Throws Error, naming `path`, unless the open file is a whole shared library for this architecture
// that brings no search paths of its own.
void check_image(int fd, const std::string& path);

// What the loader is told to map the open file: on Linux a name of the descriptor itself, so that
// what was checked is what runs. macOS maps nothing but paths.
std::string image_place(int fd, const std::string& path);

}  // namespace xpu
