// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace xpu {

// A TOML text without what its comment lines say; lines keep their numbers. toml++ reads every
// character with care, and files for people are comments for the most part.
std::string without_comment_lines(std::string_view text);

}  // namespace xpu
