// SPDX-License-Identifier: Apache-2.0
// What all configuration files have as texts: lines, their ends, a byte order mark.
#pragma once

#include <string>
#include <string_view>

namespace xpu {

// Bytes of a UTF-8 byte order mark at the front: 3 or 0.
std::size_t byte_order_mark(std::string_view text);

// Throws Error for a text that is UTF-16 by its byte order mark.
void refuse_utf16(std::string_view text, const std::string& source);

// "\r\n" or "\n", as the first line ends; "\n" for a text of one line.
std::string newline_of(std::string_view text);

// The line, from 1, that the byte `at` stands on.
std::size_t line_of(std::string_view text, std::size_t at);

}  // namespace xpu
