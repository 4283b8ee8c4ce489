// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/manifest_tables.h"

#include <algorithm>

namespace xpu {
namespace {

// "[[" or "[" and the name, then the end of the name.
bool is_doctor_header(std::string_view line) {
  line.remove_prefix(line.starts_with("[[") ? 2 : 1);
  return line.starts_with("doctor") && line.size() > 6 && (line[6] == '.' || line[6] == ']');
}

}  // namespace

std::string without_doctor_tables(std::string text) {
  // A container start has nothing to do here where nothing looks like such a table.
  if (text.find("[doctor") == text.npos) {
    return text;
  }
  std::string out;
  out.reserve(text.size());
  std::string_view rest = text;
  bool skipping = false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view line = rest.substr(0, end);
    if (line.starts_with('[')) {
      skipping = is_doctor_header(line);
    }
    out += !skipping ? line : line.ends_with('\n') ? "\n" : "";
    rest.remove_prefix(end);
  }
  return out;
}

}  // namespace xpu
