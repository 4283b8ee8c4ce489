// SPDX-License-Identifier: Apache-2.0
// Text from drivers and firmware, which the host takes as UTF-8 without control characters.
#pragma once

#include <string>
#include <string_view>

namespace xpu::sdk {

// A '?' for each byte that is neither part of a UTF-8 character nor printable: one odd byte in a
// name must not cost the description.
std::string readable(std::string_view text);

}  // namespace xpu::sdk
