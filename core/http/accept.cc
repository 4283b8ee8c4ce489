// SPDX-License-Identifier: Apache-2.0
#include <strings.h>

#include <algorithm>
#include <charconv>

#include "core/http/serve.h"

namespace xpu::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == text.npos ? std::string_view()
                            : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// What stands before the next `separator`, which is taken out of `rest` too.
std::string_view next(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(out);
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

double weight_of(std::string_view parameters) {
  double weight = 1;
  while (!parameters.empty()) {
    const std::string_view one = next(parameters, ';');
    if (one.size() > 2 && same(one.substr(0, 2), "q=")) {
      const std::string_view number = one.substr(2);
      if (std::from_chars(number.data(), number.data() + number.size(), weight).ec != std::errc()) {
        weight = 0;
      }
    }
  }
  return weight;
}

}  // namespace

bool wants_openmetrics(std::string_view accept) {
  double openmetrics = 0, other = 0;
  while (!accept.empty()) {
    std::string_view rest = next(accept, ',');
    const std::string_view type = next(rest, ';');
    const double weight = weight_of(rest);
    if (same(type, "application/openmetrics-text")) {
      openmetrics = std::max(openmetrics, weight);
    } else if (same(type, "text/plain") || same(type, "text/*")) {
      other = std::max(other, weight);
    }
  }
  return openmetrics > 0 && openmetrics >= other;
}

}  // namespace xpu::http
