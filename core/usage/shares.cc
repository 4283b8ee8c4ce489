// SPDX-License-Identifier: Apache-2.0
#include "core/usage/shares.h"

namespace xpu {
namespace {

constexpr unsigned kFractionBits = 60;
// Each fraction is cut to 60 bits, so a sum of them that is exactly a half may come out a little
// short of it: far less than this.
constexpr Wide kSlack = Wide{1} << 20;

}  // namespace

void Shares::add(const Shares& other) {
  for (const auto& [holders, amount] : other.amounts_) {
    add(holders, amount);
  }
}

Wide Shares::rounded(std::int64_t units, std::int64_t per) const {
  Wide whole = 0, fraction = 0;
  for (const auto& [holders, amount] : amounts_) {
    const Wide divisor = Wide{holders} * per;
    const Wide value = amount * units;
    whole += value / divisor;
    fraction += (value % divisor << kFractionBits) / divisor;
  }
  return whole + ((fraction + (Wide{1} << (kFractionBits - 1)) + kSlack) >> kFractionBits);
}

std::string decimal(Wide value, unsigned digits) {
  std::string out;
  for (unsigned i = 0; value != 0 || i <= digits; ++i, value /= 10) {
    if (i == digits && digits != 0) {
      out += '.';
    }
    out += static_cast<char>('0' + static_cast<int>(value % 10));
  }
  return {out.rbegin(), out.rend()};
}

}  // namespace xpu
