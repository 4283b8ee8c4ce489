// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace xpu {

// 64 bits of a text, sixteen bytes at a step in two lanes. Each step maps different states of a
// lane to different states, so a change within one step's bytes always shows. No defence against
// forgery.
inline std::uint64_t fast_hash(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
  const auto step = [](std::uint64_t lane, std::uint64_t word) {
    lane = (lane ^ word) * kOdd;
    return lane ^ (lane >> 32);
  };
  std::uint64_t lanes[2] = {text.size() * kOdd, kOdd};
  std::uint64_t words[2];
  for (; text.size() >= sizeof words; text.remove_prefix(sizeof words)) {
    std::memcpy(words, text.data(), sizeof words);
    lanes[0] = step(lanes[0], words[0]);
    lanes[1] = step(lanes[1], words[1]);
  }
  words[0] = words[1] = 0;
  if (!text.empty()) {
    std::memcpy(words, text.data(), text.size());
  }
  return step(step(lanes[0], words[0]), step(lanes[1], words[1]));
}

}  // namespace xpu
