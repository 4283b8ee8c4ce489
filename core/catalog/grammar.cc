// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/grammar.h"

#include <algorithm>

#include "core/catalog/limits.h"

namespace xpu::grammar {
namespace {

bool lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool letter(char c) {
  return lower(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

// Length of the character at the front of `text`, 0 when it is not valid UTF-8 or is a control
// character (C0, DEL, C1).
std::size_t printable(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) {
    return first >= 0x20 && first != 0x7f ? 1 : 0;
  }
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) {
    return 0;
  }
  unsigned code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0;
    }
    code = (code << 6) | (at(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff || code < 0xa0 ? 0 : length;
}

bool clean_components(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > limits::kName || !lower(text[0])) {
    return false;
  }
  for (char c : text) {
    if (!lower(c) && !digit(c) && c != '-') {
      return false;
    }
  }
  return true;
}

bool is_item(std::string_view text) {
  const auto good = [](char c) { return (letter(c) && c != '_') || digit(c); };
  return !text.empty() && text.size() <= limits::kName && good(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return good(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_index(std::string_view text) {
  bool after_digit = false;
  for (char c : text) {
    if (!digit(c) && !(c == ':' && after_digit)) {
      return false;
    }
    after_digit = digit(c);
  }
  return after_digit && text.size() <= limits::kName;
}

bool is_version(std::string_view text) {
  bool after_digit = false;
  for (char c : text) {
    if (!digit(c) && !(c == '.' && after_digit)) {
      return false;
    }
    after_digit = digit(c);
  }
  return after_digit && text.size() <= limits::kName;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  for (std::size_t at = 0; !list.empty() && at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    out.emplace_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

bool is_variable(std::string_view text) {
  if (text.empty() || text.size() > 256 || !letter(text[0])) {
    return false;
  }
  for (char c : text) {
    if (!letter(c) && !digit(c)) {
      return false;
    }
  }
  return true;
}

bool is_property(std::string_view text) {
  if (text.empty() || text.size() > 64 || !lower(text[0])) {
    return false;
  }
  for (char c : text) {
    if (!lower(c) && !digit(c) && c != '.' && c != '-') {
      return false;
    }
  }
  return true;
}

bool is_text(std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    return false;
  }
  while (!text.empty()) {
    const std::size_t length = printable(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

bool is_file_text(std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    return false;
  }
  while (!text.empty()) {
    const bool space = text[0] == '\n' || text[0] == '\t';
    const std::size_t length = space ? 1 : printable(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

bool is_clean_absolute(std::string_view path) {
  return !path.empty() && path[0] == '/' && is_text(path, limits::kPath) &&
         clean_components(path.substr(1));
}

bool is_clean_relative(std::string_view path) {
  return is_text(path, limits::kPath) && clean_components(path);
}

bool is_file_name(std::string_view name) {
  return name.size() <= 255 && is_clean_relative(name) && name.find('/') == std::string_view::npos;
}

std::optional<std::vector<Piece>> pieces(std::string_view text) {
  std::vector<Piece> out;
  for (std::size_t dollar; (dollar = text.find('$')) != std::string_view::npos;) {
    const char next = dollar + 1 < text.size() ? text[dollar + 1] : '\0';
    if (next == '$') {
      out.push_back({text.substr(0, dollar + 1)});
      text.remove_prefix(dollar + 2);
      continue;
    }
    const std::size_t end = next == '{' ? text.find('}', dollar) : std::string_view::npos;
    if (end == std::string_view::npos || !is_name(text.substr(dollar + 2, end - dollar - 2))) {
      return std::nullopt;
    }
    out.push_back({text.substr(0, dollar)});
    out.push_back({text.substr(dollar + 2, end - dollar - 2), true});
    text.remove_prefix(end + 1);
  }
  out.push_back({text});
  return out;
}

}  // namespace xpu::grammar
