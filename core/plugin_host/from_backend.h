// SPDX-License-Identifier: Apache-2.0
// What a backend hands over, copied and checked: structures by their size, texts by their length.
// Everything here throws Error that names what is wrong.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"

namespace xpu::from_backend {

// Structures may grow; these are their sizes in the oldest version that we accept. Anything shorter
// would be read across the end of a field.
template <class T>
inline constexpr std::uint32_t kSmallest = sizeof(T);

// A limit of ours was reached: XPU_NO_MEMORY, everything else is XPU_INVALID.
class LimitReached : public Error {
 public:
  using Error::Error;
};

inline void check_limit(std::size_t number, std::size_t limit, const char* what) {
  if (number >= limit) {
    throw LimitReached(cat("more than ", limit, " ", what));
  }
}

template <class T>
T copy(const char* type, const T* from) {
  if (from == nullptr) {
    fail(type, " is NULL");
  }
  std::uint32_t size;
  std::memcpy(&size, from, sizeof size);
  if (size < kSmallest<T>) {
    fail(type, ".struct_size is ", size, "; at least ", kSmallest<T>, " is wanted");
  }
  T out{};
  std::memcpy(&out, from, std::min<std::size_t>(size, sizeof out));
  return out;
}

// NULL is "": a field that the writer's version does not have reads as NULL.
inline std::string bytes(const char* what, const char* value, std::size_t limit) {
  const std::size_t length = value == nullptr ? 0 : strnlen(value, limit + 1);
  if (length > limit) {
    fail(what, " is longer than ", limit, " bytes");
  }
  return std::string(value == nullptr ? "" : value, length);
}

inline std::string text(const char* what, const char* value, std::size_t limit = limits::kText) {
  std::string out = bytes(what, value, limit);
  if (!grammar::is_text(out, limit)) {
    fail(what, " is not UTF-8 or has control characters");
  }
  return out;
}

}  // namespace xpu::from_backend
