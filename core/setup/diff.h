// SPDX-License-Identifier: Apache-2.0
// What a change of a text looks like to a person, and to `patch`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xpu::setup {

// A unified diff with three lines around each change; "" when the texts are the same. A text that
// is not there is shown as /dev/null. Names that have white space or characters that cannot be seen
// are written as `diff` writes them.
std::string unified_diff(const std::string& path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after);

}  // namespace xpu::setup
