// SPDX-License-Identifier: Apache-2.0
// Which versions of the backend ABI this release loads.
#pragma once

#include "core/base/error.h"
#include "xpu/backend.h"

namespace xpu::abi {

inline constexpr unsigned kOldestMajor = 1, kOldestMinor = 0;
inline constexpr unsigned kNewestMajor = XPU_ABI_MAJOR, kNewestMinor = XPU_ABI_MINOR;

inline bool accepted(unsigned major, unsigned minor) {
  const auto order = [](unsigned a, unsigned b) { return (std::uint64_t{a} << 32) | b; };
  return order(major, minor) >= order(kOldestMajor, kOldestMinor) &&
         order(major, minor) <= order(kNewestMajor, kNewestMinor);
}

inline std::string text(unsigned major, unsigned minor) {
  return cat(major, ".", minor);
}

// "1.0" or "1.0 to 1.3".
inline std::string range() {
  const std::string oldest = text(kOldestMajor, kOldestMinor);
  const std::string newest = text(kNewestMajor, kNewestMinor);
  return oldest == newest ? oldest : cat(oldest, " to ", newest);
}

}  // namespace xpu::abi
