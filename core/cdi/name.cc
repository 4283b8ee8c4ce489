// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/name.h"

#include "core/base/ascii.h"
#include "core/base/error.h"

namespace xpu::cdi {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alphanumeric(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

// Letters, digits and `others`, a letter or digit last.
bool consists_of(std::string_view text, std::string_view others) {
  for (const char c : text) {
    if (!is_alphanumeric(c) && others.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty() && is_alphanumeric(text.back());
}

bool is_part(std::string_view text) {
  return consists_of(text, "_-.") && is_letter(text.front());
}

}  // namespace

bool is_vendor(std::string_view text) {
  return is_part(text);
}

bool is_class(std::string_view text) {
  return is_part(text);
}

bool is_kind(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_vendor(text.substr(0, slash)) &&
         is_class(text.substr(slash + 1));
}

bool is_device_name(std::string_view text) {
  return consists_of(text, "_-.:") && is_alphanumeric(text.front());
}

std::optional<Name> parse_name(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos || !is_kind(text.substr(0, sign)) ||
      !is_device_name(text.substr(sign + 1))) {
    return std::nullopt;
  }
  return Name{std::string(text.substr(0, sign)), std::string(text.substr(sign + 1))};
}

bool looks_qualified(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && text.find('=', slash) != std::string_view::npos;
}

std::string_view vendor_of(std::string_view kind) {
  return kind.substr(0, kind.find('/'));
}

std::string_view class_of(std::string_view kind) {
  return kind.substr(kind.find('/') + 1);
}

std::string qualified(std::string_view kind, std::string_view device) {
  return cat(kind, "=", device);
}

}  // namespace xpu::cdi
