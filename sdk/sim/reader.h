// SPDX-License-Identifier: Apache-2.0
// Typed access to one table of the hardware file. Every error names file and line, and a key that
// nobody asked for is one, so that a typing error cannot pass for a default.
#pragma once

#include <toml++/toml.h>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xpu::sim {

// sdk::Invalid with "FILE:LINE: text".
[[noreturn]] void fail_at(const std::string& file, const toml::source_region& where,
                          const std::string& text);

class Reader {
 public:
  // `what` names the table in messages: "device", "file".
  Reader(const toml::table& table, std::string file, std::string what)
      : table_(table), file_(std::move(file)), what_(std::move(what)) {}

  bool has(std::string_view key) const { return table_.contains(key); }

  // "" or the default when the key is missing.
  std::string text(std::string_view key);
  std::string required_text(std::string_view key);
  std::string lines(std::string_view key);          // text that may hold tabs and line ends
  std::string absolute_path(std::string_view key);  // "" when missing
  std::string required_path(std::string_view key);
  std::string index(std::string_view key);  // text or whole number; "" when missing
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high,
                       std::int64_t otherwise);
  double required_number(std::string_view key);
  bool boolean(std::string_view key, bool otherwise);
  std::uint64_t bytes(std::string_view key);  // "24GiB", or a whole number of bytes; 0 when missing
  std::vector<std::string> texts(std::string_view key);
  // Keys with text or numbers as values.
  std::vector<std::pair<std::string, std::string>> pairs(std::string_view key);
  std::vector<Reader> tables(std::string_view key, const std::string& what);
  Reader table(std::string_view key);  // an empty one when missing

  const toml::table& raw() const { return table_; }

  // After everything was read: refuses keys that were not asked for.
  void finish() const;

  [[noreturn]] void fail(std::string_view key, const std::string& text) const;
  [[noreturn]] void fail(const std::string& text) const;  // about the table itself

 private:
  const toml::node* find(std::string_view key);
  std::string text_of(const toml::node& node, std::string_view key, bool lines = false) const;

  const toml::table& table_;
  std::string file_, what_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace xpu::sim
