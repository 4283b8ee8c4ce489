// SPDX-License-Identifier: Apache-2.0
#include "core/apps/table.h"

#include <algorithm>
#include <cstdio>

namespace xpu {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t characters(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& cells : rows_) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], characters(cells[i]));
    }
  }
  std::string out;
  for (const std::vector<std::string>& cells : rows_) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += cells[i];
      if (i + 1 < cells.size()) {
        out.append(widths[i] - characters(cells[i]) + (widths[i] > 0 ? 2 : 0), ' ');
      }
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

std::string memory_text(std::uint64_t bytes) {
  if (bytes == 0) {
    return "unknown";
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / (1u << 30));
  return text;
}

std::string money_text(std::int64_t millionths) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(millionths / 1000000),
                static_cast<long long>(millionths % 1000000));
  std::string out = text;
  while (out.ends_with("0") && out.find('.') + 3 < out.size()) {
    out.pop_back();
  }
  return out;
}

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", number);
  return text;
}

}  // namespace xpu
