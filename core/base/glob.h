// SPDX-License-Identifier: Apache-2.0
// Names with wildcards.
#pragma once

#include <string_view>

#include "core/base/ascii.h"

namespace xpu {

// '*' stands for any characters, everything else for itself, letters in any case. Takes time in
// proportion to both lengths at most.
inline bool matches_glob(std::string_view text, std::string_view pattern) {
  std::size_t at = 0, in = 0, star = pattern.npos, resume = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      resume = at;
    } else if (in < pattern.size() && to_lower(pattern[in]) == to_lower(text[at])) {
      ++in;
      ++at;
    } else if (star != pattern.npos) {
      in = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == pattern.npos;
}

}  // namespace xpu
