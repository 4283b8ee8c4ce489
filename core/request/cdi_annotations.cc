// SPDX-License-Identifier: Apache-2.0
#include "core/request/cdi_annotations.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/cdi/name.h"
#include "core/request/environment.h"

namespace xpu {
namespace {

constexpr std::size_t kShown = 64;

}  // namespace

std::vector<Source> cdi_annotations(const Said& said, const Config& config) {
  std::vector<Source> out;
  for (const auto& [key, value] : said.annotations) {
    const std::string_view name = key;
    if (std::any_of(config.cdi_annotation_prefixes.begin(), config.cdi_annotation_prefixes.end(),
                    [&](const std::string& prefix) { return name.starts_with(prefix); })) {
      out.push_back({cat("annotation ", key), value, {}, {}});
    }
  }
  std::sort(out.begin(), out.end(),
            [](const Source& a, const Source& b) { return a.variable < b.variable; });
  return out;
}

void check_cdi_annotation(const Source& source) {
  for (const std::string_view element : split_list(source.value)) {
    if (!cdi::looks_qualified(element)) {
      fail(source.variable, ": '", element.substr(0, kShown),
           "' is no qualified name of a CDI device, such as vendor.com/class=name");
    }
  }
}

}  // namespace xpu
