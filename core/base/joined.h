// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace xpu {

// "a, b, c".
template <class Words>
std::string joined(const Words& words, std::string_view separator = ", ") {
  std::string out;
  for (const auto& word : words) {
    out.append(out.empty() ? "" : separator).append(word);
  }
  return out;
}

// "a, b and 3 more".
template <class Words>
std::string first_joined(const Words& words, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < std::min(words.size(), most); ++i) {
    out += cat(i == 0 ? "" : ", ", words[i]);
  }
  return words.size() > most ? cat(out, " and ", words.size() - most, " more") : out;
}

}  // namespace xpu
