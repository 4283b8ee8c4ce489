// SPDX-License-Identifier: Apache-2.0
#include "core/base/comment_lines.h"

#include <algorithm>

namespace xpu {

std::string without_comment_lines(std::string_view text) {
  // Inside a text of several lines such a line is no comment.
  if (text.find("\"\"\"") != text.npos || text.find("'''") != text.npos) {
    return std::string(text);
  }
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    out += !line.starts_with('#') ? line : line.ends_with('\n') ? "\n" : "";
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace xpu
