// SPDX-License-Identifier: Apache-2.0
#include "core/setup/toml_edit.h"

#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/config/toml_text.h"
#include "core/log/format.h"
#include "core/setup/text.h"

namespace xpu::setup {
namespace {

using Kind = TomlItem::Kind;

toml::table parse(std::string_view text, const std::string& source) {
  try {
    return toml::parse(text.substr(byte_order_mark(text)), source);
  } catch (const toml::parse_error& error) {
    fail(source, ':', error.source().begin.line,
         ": not TOML: ", log::printable(std::string(error.description())));
  }
}

// What a literal says, as the value of the key "x".
toml::table parse_literal(const std::string& literal) {
  return toml::parse(cat("x = ", literal));
}

// The same change on what the text says.
bool insert(toml::table& table, const Setting& setting) {
  toml::table* at = &table;
  for (std::size_t i = 0; i + 1 < setting.path.size(); ++i) {
    toml::node* next = at->get(setting.path[i]);
    if (next == nullptr) {
      next = &at->insert(setting.path[i], toml::table{}).first->second;
    }
    at = next->as_table();
    if (at == nullptr) {
      return false;
    }
  }
  at->insert_or_assign(setting.path.back(), *parse_literal(setting.literal).get("x"));
  return true;
}

void erase(toml::table& table, const KeyPath& path) {
  toml::table* at = &table;
  for (std::size_t i = 0; at != nullptr && i + 1 < path.size(); ++i) {
    toml::node* next = at->get(path[i]);
    at = next == nullptr ? nullptr : next->as_table();
  }
  if (at != nullptr) {
    at->erase(path.back());
  }
}

// Tables without anything in them may come and go with what was in them.
void prune(toml::table& table) {
  std::vector<std::string> empty;
  for (auto&& [key, node] : table) {
    if (toml::table* child = node.as_table()) {
      prune(*child);
      if (child->empty()) {
        empty.emplace_back(key.str());
      }
    }
  }
  for (const std::string& key : empty) {
    table.erase(key);
  }
}

// The line that ends before `end`, without its end; where it begins in `begin`.
std::string_view line_before(std::string_view text, std::size_t end, std::size_t& begin) {
  std::size_t stop = end;
  if (stop > 0 && text[stop - 1] == '\n') {
    --stop;
  }
  begin = stop == 0 ? 0 : text.rfind('\n', stop - 1) + 1;  // npos + 1 is 0
  std::string_view line = text.substr(begin, stop - begin);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

// What stands below a header.
struct Section {
  std::size_t values = 0;
  const TomlItem* last = nullptr;
};

std::map<KeyPath, Section> sections_of(const std::vector<TomlItem>& items) {
  std::map<KeyPath, Section> out;
  for (const TomlItem& item : items) {
    if (item.kind == Kind::kValue && !item.in_inline && !item.in_array) {
      Section& section = out[item.section];
      ++section.values;
      section.last = &item;
    }
  }
  return out;
}

std::string line_of_setting(const std::string& indent, const KeyPath& path, std::size_t from,
                            const std::string& literal) {
  return cat(indent, toml_path({path.begin() + static_cast<std::ptrdiff_t>(from), path.end()}),
             " = ", literal);
}

}  // namespace

std::string toml_path(const KeyPath& path) {
  std::string out;
  for (const std::string& key : path) {
    out += cat(out.empty() ? "" : ".", toml_key(key));
  }
  return out;
}

TomlDocument::TomlDocument(std::string_view text, std::string source) : source_(std::move(source)) {
  refuse_utf16(text, source_);
  parse(text, source_);
  adopt(std::string(text));
}

void TomlDocument::adopt(std::string text) {
  text_ = std::move(text);
  items_ = scan_toml(text_);
  index_.clear();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].in_array) {
      index_[items_[i].path].push_back(i);
    }
  }
}

const TomlItem* TomlDocument::value_item(const KeyPath& path) const {
  const auto found = index_.find(path);
  for (const std::size_t i : found == index_.end() ? std::vector<std::size_t>() : found->second) {
    if (items_[i].kind == Kind::kValue) {
      return &items_[i];
    }
  }
  return nullptr;
}

std::vector<const TomlItem*> TomlDocument::items_at(const KeyPath& path) const {
  std::vector<const TomlItem*> out;
  for (auto at = index_.lower_bound(path); at != index_.end() && begins_with(at->first, path);
       ++at) {
    for (const std::size_t i : at->second) {
      out.push_back(&items_[i]);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<std::string> TomlDocument::literal(const KeyPath& path) const {
  const TomlItem* item = value_item(path);
  return item == nullptr ? std::nullopt
                         : std::optional(text_.substr(item->value, item->value_end - item->value));
}

std::optional<std::string> TomlDocument::string_at(const KeyPath& path) const {
  const std::optional<std::string> text = literal(path);
  return text ? parse_literal(*text)["x"].value_exact<std::string>() : std::nullopt;
}

std::optional<std::int64_t> TomlDocument::number_at(const KeyPath& path) const {
  const std::optional<std::string> text = literal(path);
  return text ? parse_literal(*text)["x"].value_exact<std::int64_t>() : std::nullopt;
}

std::optional<bool> TomlDocument::flag_at(const KeyPath& path) const {
  const std::optional<std::string> text = literal(path);
  return text ? parse_literal(*text)["x"].value_exact<bool>() : std::nullopt;
}

std::vector<std::string> TomlDocument::list_at(const KeyPath& path) const {
  std::vector<std::string> out;
  if (const std::optional<std::string> text = literal(path)) {
    const toml::table parsed = parse_literal(*text);
    if (const toml::array* array = parsed["x"].as_array()) {
      for (const toml::node& element : *array) {
        if (const auto item = element.value_exact<std::string>()) {
          out.push_back(*item);
        }
      }
    }
  }
  return out;
}

bool TomlDocument::has(const KeyPath& path) const {
  const auto at = index_.lower_bound(path);
  return at != index_.end() && begins_with(at->first, path);
}

std::vector<std::string> TomlDocument::names(const KeyPath& path) const {
  std::vector<std::string> out;
  std::set<std::string> known;
  for (const TomlItem* item : items_at(path)) {
    if (item->path.size() > path.size() && known.insert(item->path[path.size()]).second) {
      out.push_back(item->path[path.size()]);
    }
  }
  return out;
}

std::vector<Setting> TomlDocument::below(const KeyPath& path) const {
  std::vector<Setting> out;
  for (const TomlItem* item : items_at(path)) {
    if (item->kind == Kind::kValue && text_[item->value] != '{') {
      out.push_back({item->path, text_.substr(item->value, item->value_end - item->value)});
    }
  }
  return out;
}

bool TomlDocument::is_marked(const KeyPath& table) const {
  const auto found = index_.find(table);
  std::size_t begin = 0;
  return found != index_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](std::size_t i) {
           return items_[i].kind == Kind::kTable &&
                  line_before(text_, items_[i].begin, begin) == kTomlMark;
         });
}

void TomlDocument::set(const std::vector<Setting>& settings) {
  const std::string before = text_;
  toml::table expected = parse(before, source_);
  std::vector<Setting> left;
  for (const Setting& setting : settings) {
    if (!insert(expected, setting)) {
      fail(source_, ": a table is needed where a value stands, on the way to ",
           toml_path(setting.path), "; correct that");
    }
    if (!set_in_place(setting) && !set_in_inline_table(setting) && !set_in_section(setting)) {
      left.push_back(setting);
    }
  }
  append_tables(left);
  bool good = false;
  try {
    good = toml::parse(std::string_view(text_).substr(byte_order_mark(text_))) == expected;
  } catch (const toml::parse_error&) {
  }
  if (!good) {
    adopt(before);
    fail(source_, ": ", toml_path(settings.front().path),
         " cannot be set without changing more of the file; set by hand: ",
         line_of_setting("", settings.front().path, 0, settings.front().literal));
  }
}

void TomlDocument::put(const KeyPath& path, const std::string& literal) {
  set({{path, literal}});
  const TomlItem* item = value_item(path);
  if (item != nullptr) {
    std::string text = text_;
    adopt(text.replace(item->value, item->value_end - item->value, literal));
  }
}

bool TomlDocument::set_in_place(const Setting& setting) {
  const TomlItem* item = value_item(setting.path);
  if (item == nullptr) {
    return false;
  }
  const std::string present = text_.substr(item->value, item->value_end - item->value);
  if (parse_literal(present) != parse_literal(setting.literal)) {
    std::string text = text_;
    text.replace(item->value, item->value_end - item->value, setting.literal);
    adopt(std::move(text));
  }
  return true;
}

bool TomlDocument::set_in_inline_table(const Setting& setting) {
  const TomlItem* table = nullptr;
  for (const TomlItem& item : items_) {
    if (item.kind == Kind::kValue && !item.in_array && text_[item.value] == '{' &&
        begins_with(setting.path, item.path)) {
      table = &item;  // the deepest comes last
    }
  }
  if (table == nullptr) {
    return false;
  }
  const std::size_t depth = table->path.size();
  std::string member = setting.literal;
  for (std::size_t i = setting.path.size(); i > depth; --i) {
    member = cat(toml_key(setting.path[i - 1]), " = ", member);
    if (i - 1 > depth) {
      member = cat("{ ", member, " }");
    }
  }
  std::string text = text_;
  const std::size_t last = text.find_last_not_of(" \t", table->value_end - 2);
  if (text[last] == '{') {
    text.replace(table->value, table->value_end - table->value, cat("{ ", member, " }"));
  } else {
    text.insert(last + 1, cat(", ", member));
  }
  adopt(std::move(text));
  return true;
}

// At the end of the table with that header or, where dotted keys make the table, behind them.
bool TomlDocument::set_in_section(const Setting& setting) {
  const KeyPath table(setting.path.begin(), setting.path.end() - 1);
  const TomlItem* header = nullptr;
  const TomlItem* last = nullptr;
  bool dotted = false;
  for (const TomlItem& item : items_) {
    if (item.in_array || item.in_inline) {
      continue;
    }
    if (item.kind == Kind::kTable && item.path == table) {
      header = &item;
    } else if (item.kind == Kind::kValue && item.section == table && !dotted) {
      last = &item;
    } else if (item.kind == Kind::kValue && header == nullptr && !table.empty() &&
               item.path.size() > table.size() && item.section.size() < table.size() &&
               begins_with(item.path, table)) {
      last = &item;
      dotted = true;
    }
  }
  if (header == nullptr && last == nullptr && !table.empty()) {
    return false;
  }
  const TomlItem* beside = last != nullptr ? last : header;
  std::string text = text_;
  const std::size_t at = beside != nullptr ? beside->end : byte_order_mark(text);
  const std::string newline = newline_of(text);
  const std::string indent =
      beside == nullptr ? "" : text.substr(beside->begin, beside->key - beside->begin);
  const bool ended = at == byte_order_mark(text) || text[at - 1] == '\n';
  const std::size_t from = beside == nullptr ? 0 : beside->section.size();
  const std::string line = line_of_setting(indent, setting.path, from, setting.literal);
  text.insert(at, ended ? line + newline : newline + line);
  adopt(std::move(text));
  return true;
}

void TomlDocument::append_tables(const std::vector<Setting>& settings) {
  if (settings.empty()) {
    return;
  }
  std::string text = text_;
  const std::string newline = newline_of(text);
  KeyPath table, marked;
  for (const Setting& setting : settings) {
    const KeyPath own(setting.path.begin(), setting.path.end() - 1);
    if (marked.empty() || !begins_with(own, marked)) {
      const bool empty = text.size() == byte_order_mark(text);
      text += cat(empty || text.ends_with('\n') ? "" : newline, empty ? "" : newline, kTomlMark,
                  newline);
      marked = own;
    }
    if (own != table) {
      table = own;
      text += cat('[', toml_path(table), ']', newline);
    }
    text += line_of_setting("", setting.path, table.size(), setting.literal) + newline;
  }
  adopt(std::move(text));
}

// What goes with the item: a header takes along what stands in its table, and its mark.
std::pair<std::size_t, std::size_t> TomlDocument::region(const TomlItem& item,
                                                         std::size_t section_end) const {
  std::size_t begin = item.begin, end = item.end;
  if (item.in_inline) {
    const std::size_t before = text_.find_last_not_of(" \t\r\n", begin - 1);
    const std::size_t after = text_.find_first_not_of(" \t\r\n", end);
    if (text_[before] == ',') {
      return {before, end};
    }
    if (after != std::string::npos && text_[after] == ',') {
      return {begin, std::min(text_.find_first_not_of(" \t\r\n", after + 1), text_.size())};
    }
    return {before + 1, std::min(after, text_.size())};
  }
  if (item.kind != Kind::kTable) {
    return {begin, end};
  }
  end = std::max(end, section_end);
  std::size_t above = 0;
  if (line_before(text_, begin, above) == kTomlMark) {
    begin = above;
    if (begin > 0 && line_before(text_, begin, above).empty()) {
      begin = above;
    }
  }
  return {begin, end};
}

bool TomlDocument::remove(const KeyPath& path) {
  const std::string before = text_;
  toml::table expected = parse(before, source_);
  erase(expected, path);
  const std::map<KeyPath, Section> sections = sections_of(items_);
  std::vector<std::pair<std::size_t, std::size_t>> regions;
  for (const TomlItem& item : items_) {
    const auto found = sections.find(item.path);
    const Section section =
        item.kind == Kind::kTable && found != sections.end() ? found->second : Section();
    // A table that set() added for nothing but that key.
    std::size_t above = 0;
    const bool ours = section.values == 1 && section.last->path == path &&
                      line_before(text_, item.begin, above) == kTomlMark;
    // What an inline table holds goes with it.
    const bool inside = !regions.empty() && item.begin < regions.back().second && item.in_inline;
    if (!item.in_array && !inside && (begins_with(item.path, path) || ours)) {
      regions.push_back(region(item, section.last == nullptr ? 0 : section.last->end));
    }
  }
  if (regions.empty()) {
    return false;
  }
  std::string text;
  std::size_t at = 0;
  for (const auto& [begin, end] : regions) {
    if (begin > at) {
      text.append(text_, at, begin - at);
    }
    at = std::max(at, end);
  }
  text.append(text_, at);
  adopt(std::move(text));
  toml::table found = parse(text_, source_);
  prune(found);
  prune(expected);
  if (found != expected) {
    adopt(before);
    fail(source_, ": ", toml_path(path),
         " cannot be taken out without changing more of the file; take it out by hand");
  }
  return true;
}

}  // namespace xpu::setup
