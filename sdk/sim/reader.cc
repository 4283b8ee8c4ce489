// SPDX-License-Identifier: Apache-2.0
#include "sdk/sim/reader.h"

#include <charconv>
#include <limits>

#include "xpu/backend.hpp"

namespace xpu::sim {
namespace {

// "24GiB", "512 MiB", "1024B"; 0 when it is not a size.
std::uint64_t parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<std::size_t>(result.ptr - text.data()));
  unit.remove_prefix(unit.substr(0, 1) == " " ? 1 : 0);
  if (result.ec != std::errc()) {
    return 0;
  }
  int shift = 0;
  for (const std::string_view known : {"B", "KiB", "MiB", "GiB", "TiB"}) {
    if (unit == known) {
      return number <= std::numeric_limits<std::uint64_t>::max() >> shift ? number << shift : 0;
    }
    shift += 10;
  }
  return 0;
}

std::string shortest(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

}  // namespace

void fail_at(const std::string& file, const toml::source_region& where, const std::string& text) {
  throw sdk::Invalid(file + ":" + std::to_string(where.begin.line) + ": " + text);
}

void Reader::fail(std::string_view key, const std::string& text) const {
  const toml::node* node = table_.get(key);
  fail_at(file_, node != nullptr ? node->source() : table_.source(),
          what_ + ": " + std::string(key) + " " + text);
}

void Reader::fail(const std::string& text) const {
  fail_at(file_, table_.source(), what_ + ": " + text);
}

const toml::node* Reader::find(std::string_view key) {
  asked_.emplace(key);
  return table_.get(key);
}

std::string Reader::text_of(const toml::node& node, std::string_view key, bool lines) const {
  const auto text = node.value_exact<std::string>();
  if (!text) {
    fail(key, "must be text");
  }
  for (const char c : *text) {
    const bool allowed = lines && (c == '\n' || c == '\t');
    if ((static_cast<unsigned char>(c) < 0x20 && !allowed) || c == 0x7f) {
      fail(key, "must not hold control characters");
    }
  }
  return *text;
}

std::string Reader::text(std::string_view key) {
  const toml::node* node = find(key);
  return node == nullptr ? "" : text_of(*node, key);
}

std::string Reader::required_text(std::string_view key) {
  const std::string value = text(key);
  if (value.empty()) {
    fail(key, has(key) ? "must not be empty" : "is missing");
  }
  return value;
}

std::string Reader::lines(std::string_view key) {
  const toml::node* node = find(key);
  return node == nullptr ? "" : text_of(*node, key, true);
}

std::string Reader::absolute_path(std::string_view key) {
  const std::string value = text(key);
  if (has(key) && value.substr(0, 1) != "/") {
    fail(key, "must be an absolute path");
  }
  return value;
}

std::string Reader::required_path(std::string_view key) {
  required_text(key);
  return absolute_path(key);
}

std::string Reader::index(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return "";
  }
  if (const auto number = node->value_exact<std::int64_t>()) {
    return std::to_string(*number);
  }
  return text_of(*node, key);
}

std::int64_t Reader::integer(std::string_view key, std::int64_t low, std::int64_t high,
                             std::int64_t otherwise) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return otherwise;
  }
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < low || *value > high) {
    fail(key, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return *value;
}

double Reader::required_number(std::string_view key) {
  const toml::node* node = find(key);
  const auto value = node == nullptr ? std::nullopt : node->value<double>();
  if (!value) {
    fail(key, node == nullptr ? "is missing" : "must be a number");
  }
  return *value;
}

bool Reader::boolean(std::string_view key, bool otherwise) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return otherwise;
  }
  const auto value = node->value_exact<bool>();
  if (!value) {
    fail(key, "must be true or false");
  }
  return *value;
}

std::uint64_t Reader::bytes(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return 0;
  }
  if (const auto number = node->value_exact<std::int64_t>(); number && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  const auto text = node->value_exact<std::string>();
  const std::uint64_t size = text ? parse_size(*text) : 0;
  if (size == 0) {
    fail(key, "must be a size such as \"24GiB\" (B, KiB, MiB, GiB, TiB)");
  }
  return size;
}

std::vector<std::string> Reader::texts(std::string_view key) {
  std::vector<std::string> values;
  const toml::node* node = find(key);
  if (node == nullptr) {
    return values;
  }
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    fail(key, "must be a list of text");
  }
  for (const toml::node& item : *array) {
    values.push_back(text_of(item, key));
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> Reader::pairs(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> values;
  const toml::node* node = find(key);
  if (node == nullptr) {
    return values;
  }
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    fail(key, "must be a table");
  }
  for (const auto& [name, value] : *table) {
    std::string text;
    if (const auto number = value.value_exact<std::int64_t>()) {
      text = std::to_string(*number);
    } else if (const auto real = value.value_exact<double>()) {
      text = shortest(*real);
    } else if (value.is_string()) {
      text = text_of(value, key);
    } else {
      fail_at(file_, value.source(),
              what_ + ": " + std::string(key) + "." + std::string(name.str()) +
                  " must be text or a number");
    }
    values.emplace_back(name.str(), text);
  }
  return values;
}

std::vector<Reader> Reader::tables(std::string_view key, const std::string& what) {
  std::vector<Reader> readers;
  const toml::node* node = find(key);
  if (node == nullptr) {
    return readers;
  }
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    fail(key, "must be a list of tables");
  }
  for (const toml::node& item : *array) {
    const toml::table* table = item.as_table();
    if (table == nullptr) {
      fail(key, "must be a list of tables");
    }
    readers.emplace_back(*table, file_, what);
  }
  return readers;
}

Reader Reader::table(std::string_view key) {
  static const toml::table kEmpty;
  const toml::node* node = find(key);
  if (node != nullptr && !node->is_table()) {
    fail(key, "must be a table");
  }
  return Reader(node != nullptr ? *node->as_table() : kEmpty, file_, std::string(key));
}

void Reader::finish() const {
  for (const auto& [key, value] : table_) {
    if (asked_.count(key.str()) == 0) {
      fail_at(file_, value.source(), what_ + ": unknown key " + std::string(key.str()));
    }
  }
}

}  // namespace xpu::sim
