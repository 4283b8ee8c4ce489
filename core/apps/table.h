// SPDX-License-Identifier: Apache-2.0
// What the commands for people share: columns, amounts of money and memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xpu {

// A byte of UTF-8 that is not the first of its character.
bool continues_character(char c);
// Code points, as terminals show most of them in one column.
std::size_t characters(std::string_view text);

// Columns as wide as what stands in them; the last is not padded.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { row(std::move(head)); }
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Binary gigabytes with two decimals, as device vendors label memory; "unknown" for 0.
std::string memory_text(std::uint64_t bytes);

// Millionths as a decimal number without needless zeros, but at least two decimals.
std::string money_text(std::int64_t millionths);

// Without needless decimals: "312", "82.6".
std::string number_text(double number);

}  // namespace xpu
