// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace xpu {

// Everything up to the end of a pipe, a terminal or a file. Throws Error naming `name` when it
// cannot be read or is longer than `limit` bytes.
std::string read_stream(int fd, const std::string& name, std::size_t limit);

}  // namespace xpu
