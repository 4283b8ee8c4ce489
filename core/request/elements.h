// SPDX-License-Identifier: Apache-2.0
// The list in a request variable for devices.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/request/request.h"

namespace xpu {

// One request variable that is set, and whose it is.
struct Source {
  std::string variable;
  std::string value;
  std::vector<std::string> claimed_by;  // empty: vendor-neutral
  std::vector<std::string> vendors;     // that it is about; empty: every one of those backends
};

// Whether an element of this source may be limited to a vendor or backend of this name.
bool names_vendor(std::string_view text, const Source& source);

// Ranges are taken apart, and `all` and `none` are in lower case. Throws Error.
std::vector<Selector> parse_elements(const Source& source);

}  // namespace xpu
