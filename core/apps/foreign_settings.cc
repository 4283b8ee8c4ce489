// SPDX-License-Identifier: Apache-2.0
#include "core/apps/foreign_settings.h"

#include <toml++/toml.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/config/toml_text.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr std::size_t kFileLimit = 1 << 20;

using Settings = std::vector<ForeignSetting>;

std::string below(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : cat(path, '.', key);
}

void add_text(Settings& out, const std::string& path, const std::string& value) {
  out.push_back({path, value, toml_text(value)});
}

void add_other(Settings& out, const std::string& path, const std::string& toml) {
  out.push_back({path, toml, toml});
}

// A list counts where all of it is text.
template <class Array, class TextOf>
void add_list(Settings& out, const std::string& path, const Array& array, TextOf text_of) {
  std::vector<std::string> items;
  for (const auto& element : array) {
    if (const std::optional<std::string> item = text_of(element)) {
      items.push_back(*item);
    }
  }
  add_other(out, path, items.size() == array.size() ? toml_text(items) : "");
}

void flatten(const bj::value& value, const std::string& path, Settings& out) {
  if (const bj::object* object = value.if_object()) {
    for (const auto& [key, child] : *object) {
      flatten(child, below(path, key), out);
    }
  } else if (const bj::string* text = value.if_string()) {
    add_text(out, path, std::string(*text));
  } else if (const bj::array* array = value.if_array()) {
    add_list(out, path, *array, [](const bj::value& v) {
      return v.is_string() ? std::optional<std::string>(v.get_string()) : std::nullopt;
    });
  } else {
    const bool plain = value.is_bool() || value.is_int64() || value.is_uint64();
    add_other(out, path, plain ? bj::serialize(value) : "");
  }
}

void flatten(const toml::node& node, const std::string& path, Settings& out) {
  if (const toml::table* table = node.as_table()) {
    std::vector<std::pair<const toml::key*, const toml::node*>> entries;
    for (const auto& [key, child] : *table) {
      entries.emplace_back(&key, &child);
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return a.first->source().begin.line < b.first->source().begin.line;
    });
    for (const auto& [key, child] : entries) {
      flatten(*child, below(path, key->str()), out);
    }
  } else if (const auto text = node.value_exact<std::string>()) {
    add_text(out, path, *text);
  } else if (const toml::array* array = node.as_array()) {
    add_list(out, path, *array, [](const toml::node& v) { return v.value_exact<std::string>(); });
  } else if (const auto number = node.value_exact<std::int64_t>()) {
    add_other(out, path, std::to_string(*number));
  } else {
    const auto flag = node.value_exact<bool>();
    add_other(out, path, flag ? toml_text(*flag) : "");
  }
}

}  // namespace

std::vector<ForeignSetting> read_foreign_settings(const std::string& file) {
  const std::string bytes = read_file(file, kFileLimit);
  Settings out;
  // No TOML begins with a brace, and an object of JSON always does.
  const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
  if (begin != bytes.npos && bytes[begin] == '{') {
    bj::error_code error;
    const bj::value value = bj::parse(bytes, error);
    if (error) {
      fail(file, " is no JSON: ", error.message());
    }
    flatten(value, "", out);
    return out;
  }
  try {
    flatten(toml::parse(bytes, file), "", out);
  } catch (const toml::parse_error& error) {
    fail(file, ':', error.source().begin.line, ": neither JSON nor TOML: ", error.description());
  }
  return out;
}

}  // namespace xpu
