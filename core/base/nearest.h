// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word that a misspelt one is closest to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xpu {

// "" when none is close.
std::string nearest(std::string_view word, const std::vector<std::string_view>& known);

// "; did you mean 'x'?" for the end of a message, or "" when none is close.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace xpu
