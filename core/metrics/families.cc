// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/families.h"

#include <algorithm>

#include "core/base/utf8.h"

namespace xpu::metrics {

std::string label_value(std::string_view text) {
  constexpr std::string_view kUnknown = "\xef\xbf\xbd";
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view next = length == 0 ? kUnknown : text.substr(0, length);
    if (out.size() + next.size() > kLabelBytes) {
      break;
    }
    out += next;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void Families::add(Id id, Labels labels, double value, std::int64_t created_ns) {
  for (std::string& label : labels) {
    label = label_value(label);
  }
  all_[id].try_emplace(std::move(labels), Series{value, created_ns, {}});
}

void Families::add(Id id, Labels labels, const DurationHistogram& histogram,
                   std::int64_t created_ns) {
  for (std::string& label : labels) {
    label = label_value(label);
  }
  all_[id].try_emplace(std::move(labels), Series{0, created_ns, histogram});
}

}  // namespace xpu::metrics
