// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace xpu {

// Length of the well-formed UTF-8 sequence at the start of `text`, which is not empty; 0 when there
// is none.
std::size_t utf8_length(std::string_view text);

}  // namespace xpu
