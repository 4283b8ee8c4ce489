// SPDX-License-Identifier: Apache-2.0
#include "core/config/toml_text.h"

#include "core/base/error.h"

namespace xpu {
namespace {

// The escapes that TOML and JSON have in common.
std::string escaped(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const unsigned code = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
    case '\\':
      return {'\\', c};
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code >= 0x20 && code != 0x7f
                 ? std::string(1, c)
                 : std::string{'\\', 'u', '0', '0', kDigits[code >> 4], kDigits[code & 15]};
  }
}

}  // namespace

std::string toml_text(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    out += escaped(c);
  }
  return out + '"';
}

std::string toml_text(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) {
    out += cat(out.empty() ? "" : ", ", toml_text(value));
  }
  return cat('[', out, ']');
}

std::string toml_text(bool value) {
  return value ? "true" : "false";
}

std::string toml_text(unsigned value) {
  return std::to_string(value);
}

std::string toml_text(const std::optional<std::string>& value) {
  return value ? toml_text(*value) : "";
}

std::string toml_key(const std::string& key) {
  constexpr std::string_view kBare =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !key.empty() && key.find_first_not_of(kBare) == std::string::npos ? key : toml_text(key);
}

}  // namespace xpu
