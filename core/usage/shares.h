// SPDX-License-Identifier: Apache-2.0
// Sums of shares, exact: nothing is rounded before it is printed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace xpu {

__extension__ using Wide = __int128;

// A sum of fractions amount / holders, none of them negative.
class Shares {
 public:
  // holders > 0; one amount below 2^80.
  void add(std::uint32_t holders, Wide amount) { amounts_[holders] += amount; }
  void add(const Shares& other);
  bool none() const { return amounts_.empty(); }
  // sum * units / per, to the nearest integer, halves up. units and per: 1 to 10^9.
  Wide rounded(std::int64_t units, std::int64_t per) const;

 private:
  std::map<std::uint32_t, Wide> amounts_;  // by holders
};

// value / 10^digits, with all `digits` digits after the point. value >= 0.
std::string decimal(Wide value, unsigned digits);

}  // namespace xpu
