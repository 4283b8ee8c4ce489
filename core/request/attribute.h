// SPDX-License-Identifier: Apache-2.0
// One attribute of a device as it is written: "vram>=24GiB".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/request/wish.h"

namespace xpu {

struct Attribute {
  std::string_view name;
  // Which it may be compared with.
  bool equal, unequal, order;
  // Checks one value and brings it into the form that tests compare. Throws Error that begins with
  // `where`.
  std::string (*read)(std::string_view value, const std::string& where);
  std::optional<Test::Key> key;  // of those that are tests
};

// The parts of an element; borrowed from it.
struct AttributeText {
  std::string_view name, sign, value;
};

// nullopt for an element that is no attribute, but the name of a device: without '=', '<' and '>',
// with '/', or with something else before them than letters and '-'.
std::optional<AttributeText> attribute_text(std::string_view element);

// Throws Error that begins with `variable` and names the nearest one.
const Attribute& attribute_called(std::string_view name, const std::string& variable);

// Throws Error that begins with `where`.
Test::Op op_of(const AttributeText& text, const Attribute& attribute, const std::string& where);

// The alternatives, which one of `separators` separates. Throws Error that begins with `where`.
std::vector<std::string> values_of(const Attribute& attribute, Test::Op op, std::string_view value,
                                   std::string_view separators, const std::string& where);

}  // namespace xpu
