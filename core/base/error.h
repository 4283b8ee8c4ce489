// SPDX-License-Identifier: Apache-2.0
// One error shape for the whole core: an exception whose text is one line for a person. It names
// the file, key, device or path at fault and what to do about it.
#pragma once

#include <cerrno>
#include <cstring>
#include <exception>
#include <initializer_list>
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

// A part of a text: itself, or what a number looks like.
inline std::string_view text_of(std::string_view s) {
  return s;
}
inline std::string text_of(char c) {
  return std::string(1, c);
}
template <class T>
requires std::is_arithmetic_v<T> std::string text_of(T n) {
  return std::to_string(n);
}

std::string concatenated(std::initializer_list<std::string_view> parts);

// Concatenates strings and numbers.
template <class... Parts>
std::string cat(const Parts&... parts) {
  return concatenated({text_of(parts)...});
}

// Cold: what leads to an error is kept out of the way of what does not, so that a start touches
// fewer pages of the program.
template <class... Parts>
[[noreturn, gnu::cold]] void fail(const Parts&... parts) {
  throw Error(cat(parts...));
}

// fail(parts..., ": ", strerror(errno)), with errno read before anything else can change it.
template <class... Parts>
[[noreturn, gnu::cold]] void fail_errno(const Parts&... parts) {
  const int number = errno;
  throw Error(cat(parts..., ": ", std::strerror(number)));
}

}  // namespace xpu
