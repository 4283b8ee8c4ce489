// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"

namespace xpu {

std::string concatenated(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) {
    size += part.size();
  }
  std::string out;
  out.reserve(size);
  for (const std::string_view part : parts) {
    out.append(part);
  }
  return out;
}

}  // namespace xpu
