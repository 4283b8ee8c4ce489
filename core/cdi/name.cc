// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/name.h"

#include <algorithm>

#include "core/base/error.h"

namespace xpu::cdi {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_letter_or_digit(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

bool is_word(std::string_view text, std::string_view between) {
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter_or_digit(c) || between.find(c) != between.npos;
         });
}

}  // namespace

bool is_vendor(std::string_view text) {
  return is_word(text, "_-.") && is_letter(text.front());
}

bool is_class(std::string_view text) {
  return is_word(text, "_-.") && is_letter(text.front());
}

bool is_kind(std::string_view text) {
  return is_vendor(vendor_of(text)) && is_class(class_of(text));
}

bool is_device_name(std::string_view text) {
  return is_word(text, "_-.:");
}

std::string_view vendor_of(std::string_view kind) {
  return kind.substr(0, kind.find('/'));
}

std::string_view class_of(std::string_view kind) {
  const std::size_t slash = kind.find('/');
  return slash == kind.npos ? std::string_view() : kind.substr(slash + 1);
}

std::string qualified(std::string_view kind, std::string_view device) {
  return cat(kind, '=', device);
}

}  // namespace xpu::cdi
