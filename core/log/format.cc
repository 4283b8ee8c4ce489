// SPDX-License-Identifier: Apache-2.0
#include "core/log/format.h"

#include <array>

#include "core/base/error.h"

namespace xpu::log {
namespace {

constexpr std::size_t kTextLimit = 16 << 10;

std::string_view name_of(Level level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<int>(level)];
}

// Length of the well-formed UTF-8 sequence at the start of `s`; 0 when there is none.
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80    ? 1
                             : first < 0xc2  ? 0
                             : first < 0xe0  ? 2
                             : first < 0xf0  ? 3
                             : first <= 0xf4 ? 4
                                             : 0;
  if (length == 0 || s.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool bad_second = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                          (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
  return bad_second ? 0 : length;
}

void append_hex(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const unsigned char byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

// Text of printable() as a string literal of Go and of JSON: what is left to escape is the same.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '"';
}

// logrus leaves a text of only these bare.
bool is_bare(std::string_view text) {
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+") ==
         std::string_view::npos;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < kTextLimit) {
    const std::size_t length = utf8_length(text);
    const unsigned char first = static_cast<unsigned char>(text[0]);
    const bool c1_control =
        length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    if (first == '\n') {
      out += "\\n";
    } else if (first == '\t') {
      out += "\\t";
    } else if (first == '\r') {
      out += "\\r";
    } else if (length == 0 || first < 0x20 || first == 0x7f || c1_control) {
      for (std::size_t i = 0; i < (c1_control ? 2 : 1); ++i) {
        append_hex(out, text[i]);
      }
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return text.empty() ? out : out + "...";
}

std::string rfc3339(std::time_t time) {
  std::tm tm{};
  ::localtime_r(&time, &tm);
  std::array<char, 64> buffer{};
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S%z", &tm);
  std::string text(buffer.data(), size);
  if (tm.tm_gmtoff == 0) {
    return text.replace(text.size() - 5, 5, "Z");
  }
  return text.insert(text.size() - 2, ":");
}

std::string person_line(std::string_view program, Level level, std::string_view text) {
  return cat(program, ": ", name_of(level), ": ", printable(text), '\n');
}

std::string json_line(Level level, std::string_view time, std::string_view text) {
  return cat("{\"level\":\"", name_of(level), "\",\"msg\":", quoted(printable(text)),
             ",\"time\":\"", time, "\"}\n");
}

std::string text_line(Level level, std::string_view time, std::string_view text) {
  const std::string msg = printable(text);
  return cat("time=\"", time, "\" level=", name_of(level),
             " msg=", is_bare(msg) ? msg : quoted(msg), '\n');
}

}  // namespace xpu::log
