// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/values.h"

#include <algorithm>
#include <charconv>

#include "core/catalog/grammar.h"

namespace xpu {

void Values::add(const Value& value) {
  Sum& sum = sums_[value.name];
  sum.combine = value.combine;
  if (value.combine == Combine::kBits) {
    unsigned bit = 0;
    std::from_chars(value.value.data(), value.value.data() + value.value.size(), bit);
    sum.bits |= std::uint64_t{1} << (bit % 64);
  } else if (std::find(sum.list.begin(), sum.list.end(), value.value) == sum.list.end()) {
    sum.list.push_back(value.value);
  }
}

std::string Values::Sum::text() const {
  if (combine == Combine::kBits) {
    char digits[16];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), bits, 16);
    return "0x" + std::string(digits, end.ptr);
  }
  std::string out;
  for (const std::string& value : list) {
    out.append(&value == &list.front() ? "" : ",").append(value);
  }
  return out;
}

std::optional<std::string> Values::expand(std::string_view text) const {
  std::string out;
  const std::optional<std::vector<grammar::Piece>> pieces = grammar::pieces(text);
  if (!pieces) {
    return std::nullopt;
  }
  for (const grammar::Piece& piece : *pieces) {
    const auto at = piece.is_value ? sums_.find(piece.text) : sums_.end();
    if (piece.is_value && at == sums_.end()) {
      return std::nullopt;
    }
    out += piece.is_value ? at->second.text() : std::string(piece.text);
  }
  return out;
}

}  // namespace xpu
