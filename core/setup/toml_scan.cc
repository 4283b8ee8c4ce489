// SPDX-License-Identifier: Apache-2.0
#include "core/setup/toml_scan.h"

#include <algorithm>
#include <set>

#include "core/oci/text.h"
#include "core/setup/text.h"

namespace xpu::setup {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text), at_(byte_order_mark(text)) {}

  std::vector<TomlItem> items() {
    while (at_ < text_.size()) {
      const std::size_t begin = at_;
      skip_blank();
      if (peek() == '[') {
        header(begin);
      } else if (at_ < text_.size() && !at_line_end()) {
        line_of_value(begin);
      } else {
        skip_line();
      }
    }
    return std::move(items_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_line_end() const { return peek() == '\n' || peek() == '\r' || peek() == '#'; }
  void skip_blank() {
    while (peek() == ' ' || peek() == '\t') {
      ++at_;
    }
  }
  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1; }
  // White space, line ends and comments, as between elements of an array.
  void skip_space() {
    while (at_ < text_.size()) {
      if (peek() == '#') {
        skip_line();
      } else if (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') {
        ++at_;
      } else {
        return;
      }
    }
  }

  void header(std::size_t begin) {
    TomlItem item;
    item.begin = begin;
    item.key = at_;
    item.kind = peek(1) == '[' ? TomlItem::Kind::kArrayTable : TomlItem::Kind::kTable;
    at_ += item.kind == TomlItem::Kind::kArrayTable ? 2 : 1;
    item.path = keys();
    skip_line();
    item.end = at_;
    if (item.kind == TomlItem::Kind::kArrayTable) {
      arrays_.insert(item.path);
    }
    section_ = item.path;
    in_array_ = false;
    KeyPath above;
    for (const std::string& key : section_) {
      above.push_back(key);
      in_array_ = in_array_ || arrays_.contains(above);
    }
    item.section = section_;
    item.in_array = in_array_;
    items_.push_back(std::move(item));
  }

  void line_of_value(std::size_t begin) {
    const std::size_t index = member(section_, begin, false);
    skip_line();
    items_[index].end = at_;
  }

  // A key and its value; where the item is.
  std::size_t member(const KeyPath& table, std::size_t begin, bool in_inline) {
    TomlItem item;
    item.begin = begin;
    item.key = at_;
    item.section = section_;
    item.in_inline = in_inline;
    item.in_array = in_array_;
    item.path = table;
    const KeyPath own = keys();
    item.path.insert(item.path.end(), own.begin(), own.end());
    ++at_;  // '='
    skip_blank();
    item.value = at_;
    const KeyPath path = item.path;
    const std::size_t index = items_.size();
    items_.push_back(std::move(item));
    value(path);
    items_[index].value_end = items_[index].end = at_;
    return index;
  }

  KeyPath keys() {
    KeyPath out;
    do {
      if (!out.empty()) {
        ++at_;  // '.'
      }
      skip_blank();
      const std::size_t begin = at_;
      if (peek() == '"' || peek() == '\'') {
        skip_string();
        const std::string_view quoted = text_.substr(begin, at_ - begin);
        out.push_back(quoted.front() == '"' ? json::as_string({quoted, 0}).value_or("")
                                            : std::string(quoted.substr(1, quoted.size() - 2)));
      } else {
        at_ = std::min(text_.find_first_of(" \t.=]\r\n", at_), text_.size());
        out.emplace_back(text_.substr(begin, at_ - begin));
      }
      skip_blank();
    } while (peek() == '.');
    return out;
  }

  void value(const KeyPath& path) {
    switch (peek()) {
      case '"':
      case '\'':
        skip_string();
        break;
      case '[':
        array();
        break;
      case '{':
        inline_table(path);
        break;
      default:
        // A date and a time may have a space between.
        at_ = std::min(text_.find_first_of(",]}#\r\n", at_), text_.size());
        while (text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t') {
          --at_;
        }
    }
  }

  void array() {
    const std::size_t known = items_.size();
    ++at_;
    for (skip_space(); at_ < text_.size() && peek() != ']'; skip_space()) {
      value({});
      skip_space();
      if (peek() == ',') {
        ++at_;
      }
    }
    ++at_;
    items_.resize(known);
  }

  void inline_table(const KeyPath& path) {
    ++at_;
    for (skip_space(); at_ < text_.size() && peek() != '}'; skip_space()) {
      member(path, at_, true);
      skip_space();
      if (peek() == ',') {
        ++at_;
      }
    }
    ++at_;
  }

  void skip_string() {
    const char quote = peek();
    const bool lines = peek(1) == quote && peek(2) == quote;
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      if (peek() == '\\' && quote == '"') {
        at_ += 2;
      } else if (peek() == quote && (!lines || (peek(1) == quote && peek(2) == quote))) {
        at_ += lines ? 3 : 1;
        // Up to two quotes of the text may stand before the three that end it.
        for (int more = 0; lines && more < 2 && peek() == quote; ++more) {
          ++at_;
        }
        return;
      } else {
        ++at_;
      }
    }
    at_ = text_.size();
  }

  std::string_view text_;
  std::size_t at_;
  KeyPath section_;
  bool in_array_ = false;
  std::set<KeyPath> arrays_;
  std::vector<TomlItem> items_;
};

}  // namespace

std::vector<TomlItem> scan_toml(std::string_view text) {
  return Scanner(text).items();
}

bool begins_with(const KeyPath& path, const KeyPath& prefix) {
  return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

}  // namespace xpu::setup
