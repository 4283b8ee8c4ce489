// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/manifest_toml.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"

namespace xpu {

std::string in_quotes(std::string_view text) {
  return cat("\"", text, "\"");
}

std::string ManifestToml::path(const toml::node* node, std::string_view what,
                               const std::string& text,
                               const std::map<std::string, std::string>& options) const {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 2, "${") != 0) {
      out += text[at++];
      continue;
    }
    const std::size_t end = text.find('}', at);
    const auto option = options.find(text.substr(at + 2, end == text.npos ? end : end - at - 2));
    if (end == text.npos || option == options.end()) {
      fail(place(node), what, ": ", in_quotes(text),
           " uses an option that [options] does not declare");
    }
    out += option->second;
    at = end + 1;
  }
  out.erase(
      std::unique(out.begin(), out.end(), [](char a, char b) { return a == '/' && b == '/'; }),
      out.end());
  if (!grammar::is_clean_absolute(out)) {
    fail(place(node), what, ": ", in_quotes(text), " is ", in_quotes(out),
         ", not an absolute path without \"..\"");
  }
  return out;
}

std::string ManifestToml::place(const toml::node* node) const {
  return node != nullptr && node->source().begin.line > 0
             ? cat(file_, ":", node->source().begin.line, ": ")
             : cat(file_, ": ");
}

void ManifestToml::known_keys(const toml::table& table, std::string_view where,
                              std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      fail(place(&value), where, "unknown key ", in_quotes(key.str()), "; known are ",
           joined(known));
    }
  }
}

std::string ManifestToml::text(const toml::node& node, std::string_view what) const {
  const auto value = node.value_exact<std::string>();
  if (!value || !grammar::is_text(*value, limits::kText)) {
    fail(place(&node), what, " is not text of one line");
  }
  return *value;
}

std::string ManifestToml::scalar(const toml::node& node, const std::string& what) const {
  if (const auto* value = node.as_boolean()) {
    return value->get() ? "true" : "false";
  }
  if (const auto* value = node.as_integer()) {
    return std::to_string(value->get());
  }
  return text(node, what);
}

std::vector<ManifestToml::Text> ManifestToml::texts(const toml::table& table, std::string_view key,
                                                    const std::string& what) const {
  std::vector<Text> out;
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    return out;
  }
  if (!node->is_array()) {
    fail(place(node), what, " is not a list");
  }
  for (const toml::node& item : *node->as_array()) {
    out.push_back({text(item, what), &item});
  }
  return out;
}

bool ManifestToml::flag(const toml::table& table, std::string_view key, const std::string& what,
                        bool otherwise) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    return otherwise;
  }
  if (!node->is_boolean()) {
    fail(place(node), what, " is not true or false");
  }
  return node->as_boolean()->get();
}

const toml::table* ManifestToml::table(const toml::table& table, std::string_view key,
                                       const std::string& what) const {
  const toml::node* node = table.get(key);
  if (node != nullptr && !node->is_table()) {
    fail(place(node), what, " is not a table");
  }
  return node == nullptr ? nullptr : node->as_table();
}

std::vector<const toml::table*> ManifestToml::tables(const toml::table& table, std::string_view key,
                                                     const std::string& what) const {
  std::vector<const toml::table*> out;
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    return out;
  }
  if (!node->is_array()) {
    fail(place(node), what, " is not a list of tables");
  }
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_table()) {
      fail(place(&item), what, " is not a list of tables");
    }
    out.push_back(item.as_table());
  }
  return out;
}

}  // namespace xpu
