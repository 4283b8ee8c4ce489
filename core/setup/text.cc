// SPDX-License-Identifier: Apache-2.0
#include "core/setup/text.h"

#include <algorithm>

#include "core/base/error.h"

namespace xpu {

std::size_t byte_order_mark(std::string_view text) {
  return text.starts_with("\xef\xbb\xbf") ? 3 : 0;
}

void refuse_utf16(std::string_view text, const std::string& source) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    fail(source, ":1: is UTF-16; save it as UTF-8");
  }
}

std::string newline_of(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end != std::string_view::npos && end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
}

std::size_t line_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

}  // namespace xpu
