// SPDX-License-Identifier: Apache-2.0
// Clocks as whole numbers.
#pragma once

#include <time.h>

#include <cstdint>

namespace xpu {

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now = {};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Since 1970; may be set back.
inline std::int64_t wall_clock_ns() {
  return clock_ns(CLOCK_REALTIME);
}

// Since some moment; only grows.
inline std::int64_t monotonic_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}
inline std::int64_t monotonic_ms() {
  return monotonic_ns() / 1'000'000;
}

}  // namespace xpu
