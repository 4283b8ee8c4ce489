// SPDX-License-Identifier: Apache-2.0
// Changes of a TOML file for people: lines and inline members are put in or taken out, everything
// else stays as it is. After each change both texts are parsed, and what the new one says must be
// what the old one said plus the change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/setup/setting.h"
#include "core/setup/toml_scan.h"

namespace xpu::setup {

// The line above every table that set() adds.
inline constexpr std::string_view kTomlMark =
    "# Added by \"xpu-runtime configure\"; \"xpu-runtime configure --remove\" takes it out.";

class TomlDocument {
 public:
  // Throws Error "SOURCE:LINE: ..." for what is no TOML.
  TomlDocument(std::string_view text, std::string source);

  const std::string& text() const { return text_; }
  const std::string& source() const { return source_; }

  // The literal of the key; nullopt when it is not there or is a table with a header.
  std::optional<std::string> literal(const KeyPath& path) const;
  // Values, where there is one of that kind.
  std::optional<std::string> string_at(const KeyPath& path) const;
  std::optional<std::int64_t> number_at(const KeyPath& path) const;
  std::optional<bool> flag_at(const KeyPath& path) const;
  std::vector<std::string> list_at(const KeyPath& path) const;

  // A key or a table of that path, or something below it.
  bool has(const KeyPath& path) const;
  // The names directly below, in the order of the file.
  std::vector<std::string> names(const KeyPath& path) const;
  // The keys at and below `path` and their literals, those of inline tables among them.
  std::vector<Setting> below(const KeyPath& path) const;
  // A table that set() added, by its mark.
  bool is_marked(const KeyPath& table) const;

  // Gives the keys their values. A key that is there keeps its place; a new one goes to the end of
  // its table; tables that are new go to the end of the file. Throws Error, the text as it was,
  // where that cannot be done without changing more.
  void set(const std::vector<Setting>& settings);
  // Gives a key that is there the literal, to the byte, also where that says the same.
  void put(const KeyPath& path, const std::string& literal);
  // Takes a key, or a table with all below it, out of the file; false when it is not there.
  bool remove(const KeyPath& path);

 private:
  const TomlItem* value_item(const KeyPath& path) const;
  // In the order of the file: what has that path, or one below it.
  std::vector<const TomlItem*> items_at(const KeyPath& path) const;
  void adopt(std::string text);
  bool set_in_place(const Setting& setting);
  bool set_in_inline_table(const Setting& setting);
  bool set_in_section(const Setting& setting);
  void append_tables(const std::vector<Setting>& settings);
  std::pair<std::size_t, std::size_t> region(const TomlItem& item, std::size_t section_end) const;

  std::string text_, source_;
  std::vector<TomlItem> items_;
  // Where in items_ what of that path is; without what stands in arrays of tables.
  std::map<KeyPath, std::vector<std::size_t>> index_;
};

// "plugins.cri.containerd", quoted where it needs to be.
std::string toml_path(const KeyPath& path);

}  // namespace xpu::setup
