// SPDX-License-Identifier: Apache-2.0
// Where what stands in a TOML text: tables, keys and values with their places, for edits that leave
// everything else as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/setup/setting.h"

namespace xpu {

struct TomlItem {
  enum class Kind { kTable, kArrayTable, kValue };
  Kind kind = Kind::kValue;
  KeyPath path;            // from the root
  KeyPath section;         // the header that it stands under; empty at the top
  bool in_inline = false;  // a member of an inline table
  bool in_array = false;   // below an array of tables: the path does not say which element
  std::size_t begin = 0;   // of its line or, in an inline table, of its key
  std::size_t end = 0;     // behind its line or, in an inline table, behind its value
  std::size_t key = 0;     // where the key or the bracket begins
  std::size_t value = 0, value_end = 0;
};

// In the order of the text, which a TOML parser has accepted; a value is followed by the members
// of the inline table that it is. What stands in arrays is left out.
std::vector<TomlItem> scan_toml(std::string_view text);

bool begins_with(const KeyPath& path, const KeyPath& prefix);

}  // namespace xpu
