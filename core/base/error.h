// SPDX-License-Identifier: Apache-2.0
// One error shape for the whole core: an exception whose text is one line for a person. It names
// the file, key, device or path at fault and what to do about it.
#pragma once

#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace xpu {

class Error : public std::exception {
 public:
  explicit Error(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

inline std::string text_of(std::string_view s) {
  return std::string(s);
}
inline std::string text_of(const char* s) {
  return s;
}
inline std::string text_of(char c) {
  return std::string(1, c);
}
template <class T>
requires std::is_arithmetic_v<T> std::string text_of(T n) {
  return std::to_string(n);
}

// Concatenates strings and numbers.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (out.append(text_of(parts)), ...);
  return out;
}

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(cat(parts...));
}

// fail(parts..., ": ", strerror(errno)), with errno read before anything else can change it.
template <class... Parts>
[[noreturn]] void fail_errno(const Parts&... parts) {
  const int number = errno;
  throw Error(cat(parts..., ": ", std::strerror(number)));
}

}  // namespace xpu
