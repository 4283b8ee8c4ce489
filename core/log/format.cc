// SPDX-License-Identifier: Apache-2.0
#include "core/log/format.h"

#include <array>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace xpu::log {
namespace {

constexpr std::size_t kTextLimit = 16 << 10;

std::string_view name_of(Level level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<int>(level)];
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
