// SPDX-License-Identifier: Apache-2.0
// One text more or less in a list of a TOML file, whose layout and comments stay.
#pragma once

#include <string>

namespace xpu::setup {

// The literal of a list with one more text at its end, laid out as the list is; the same when it
// has it.
std::string toml_list_with(const std::string& literal, const std::string& text);
// The literal of a list without that text; the same when it does not have it.
std::string toml_list_without(const std::string& literal, const std::string& text);

}  // namespace xpu::setup
