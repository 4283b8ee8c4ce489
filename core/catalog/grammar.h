// SPDX-License-Identifier: Apache-2.0
// The small grammars of names and paths that backends, manifests and catalogs share.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu::grammar {

// [a-z][a-z0-9-]*, at most 32 characters: backends, vendors, capabilities, values.
bool is_name(std::string_view text);
// [0-9]+(:[0-9]+)*, at most 32 characters.
bool is_index(std::string_view text);
// [A-Za-z0-9][A-Za-z0-9._-]*, at most 32 characters: elements of a feature.
bool is_item(std::string_view text);
// Numbers separated by '.', at most 32 characters.
bool is_version(std::string_view text);
// The parts of a list separated by ','; none of "".
std::vector<std::string> split(std::string_view list);
// [A-Za-z_][A-Za-z0-9_]*, at most 256 characters.
bool is_variable(std::string_view text);
// [a-z][a-z0-9.-]*, at most 64 characters.
bool is_property(std::string_view text);
// Valid UTF-8 without control characters, at most `limit` bytes; "" is fine.
bool is_text(std::string_view text, std::size_t limit);
// The same with tabs and line ends: a text file.
bool is_file_text(std::string_view text, std::size_t limit);
// Text that is absolute, with no empty, "." or ".." component; "/" itself is none.
bool is_clean_absolute(std::string_view path);
// The same, relative.
bool is_clean_relative(std::string_view path);
// At most 255 bytes without '/'.
bool is_file_name(std::string_view name);

// What a text with XPU_EXPAND consists of: "${name}" is the name of a value, everything else is
// text, with "$$" as "$". Borrows from `text`. nullopt when there is another '$'.
struct Piece {
  std::string_view text;
  bool is_value = false;
  bool operator==(const Piece&) const = default;
};
std::optional<std::vector<Piece>> pieces(std::string_view text);

}  // namespace xpu::grammar
