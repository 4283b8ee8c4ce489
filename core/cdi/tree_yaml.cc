// SPDX-License-Identifier: Apache-2.0
// YAML by the events of libyaml. What YAML has beyond JSON is resolved here, as the readers of the
// reference implementation do: plain scalars by the rules of YAML 1.1, aliases by copies, of which
// there is a bound, and merge keys.
#include <yaml.h>

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/cdi/tree.h"

namespace xpu::cdi {
namespace {

std::string_view view(const yaml_char_t* text, std::size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}
std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) {
      return true;
    }
  }
  return false;
}

// "0x1f", "0o17", "017", "0b11", "1_000", with a sign: as a decimal number.
std::optional<std::string> integer_of(std::string_view text) {
  std::string digits;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  for (const char c : text) {
    if (c != '_') {
      digits += c;
    }
  }
  if (digits.empty() || text.front() == '_') {
    return std::nullopt;
  }
  int base = 10;
  std::size_t skip = 0;
  if (digits.size() > 1 && digits[0] == '0') {
    base = digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : 8;
    skip = base == 8 && digits[1] != 'o' ? 1 : 2;
  }
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data() + skip, end, value, base);
  if (result.ec != std::errc() || result.ptr != end) {
    return std::nullopt;
  }
  return cat(negative && value != 0 ? "-" : "", value);
}

bool is_float(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return !text.empty() && result.ec == std::errc() && result.ptr == end &&
         (text.front() == '-' || text.front() == '.' ||
          (text.front() >= '0' && text.front() <= '9'));
}

Tree plain(std::string_view text) {
  Tree out;
  out.text = text;
  out.may_be_string = true;
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) {
    out.may_be_string = false;
    return out;
  }
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})) {
    out.kind = Tree::Kind::kBool;
    out.text = "true";
  } else if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n",
                              "N"})) {
    out.kind = Tree::Kind::kBool;
    out.text = "false";
  } else if (const std::optional<std::string> number = integer_of(text)) {
    out.kind = Tree::Kind::kNumber;
    out.text = *number;
  } else if (is_float(text)) {
    out.kind = Tree::Kind::kNumber;
    out.may_be_string = false;
  } else {
    out.kind = Tree::Kind::kString;
  }
  return out;
}

class Event {
 public:
  Event() : event_() {}
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  yaml_event_t* get() { return &event_; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& source) : source_(source), parser_() {
    if (yaml_parser_initialize(&parser_) == 0) {
      fail(source_, ": out of memory");
    }
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Tree document() {
    Tree out;
    expect(YAML_STREAM_START_EVENT);
    {
      Event event;
      next(event);
      if (event->type == YAML_STREAM_END_EVENT) {
        return out;
      }
    }
    {
      Event event;
      next(event);
      out = value(event, 0);
    }
    expect(YAML_DOCUMENT_END_EVENT);
    Event event;
    next(event);
    if (event->type != YAML_STREAM_END_EVENT) {
      bad(event, "a second document; a CDI file has one");
    }
    return out;
  }

 private:
  [[noreturn]] void bad(const Event& event, std::string_view what) const {
    fail(source_, ":", event->start_mark.line + 1, ": ", what);
  }

  void next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) == 0) {
      const bool read = parser_.error == YAML_READER_ERROR;
      fail(source_, read ? "" : cat(":", parser_.problem_mark.line + 1),
           ": not YAML: ", parser_.problem == nullptr ? "out of memory" : parser_.problem);
    }
  }

  void expect(yaml_event_type_t type) {
    Event event;
    next(event);
    if (event->type != type) {
      bad(event, "not a document of YAML");
    }
  }

  void count(const Event& event, std::size_t trees, unsigned depth) {
    count_ += trees;
    if (count_ > kMostTrees || depth > kMostDepth) {
      bad(event, "more or deeper values than any CDI file has");
    }
  }

  static std::size_t size_of(const Tree& tree) {
    std::size_t out = 1;
    for (const Tree& one : tree.list) {
      out += size_of(one);
    }
    for (const auto& [key, one] : tree.map) {
      out += size_of(one);
    }
    return out;
  }

  struct Anchor {
    Tree tree;
    std::size_t size;
  };

  void keep(const yaml_char_t* anchor, const Tree& tree) {
    if (anchor != nullptr) {
      anchors_.insert_or_assign(std::string(view(anchor)), Anchor{tree, size_of(tree)});
    }
  }

  Tree value(const Event& event, unsigned depth) {
    count(event, 1, depth);
    Tree out;
    switch (event->type) {
      case YAML_ALIAS_EVENT: {
        const auto known = anchors_.find(view(event->data.alias.anchor));
        if (known == anchors_.end()) {
          bad(event,
              cat("the alias *", view(event->data.alias.anchor), " has no anchor before it"));
        }
        count(event, known->second.size, depth);
        return known->second.tree;
      }
      case YAML_SCALAR_EVENT:
        out = scalar(event);
        keep(event->data.scalar.anchor, out);
        return out;
      case YAML_SEQUENCE_START_EVENT:
        check_tag(event, view(event->data.sequence_start.tag), YAML_SEQ_TAG);
        out = list(depth);
        keep(event->data.sequence_start.anchor, out);
        return out;
      case YAML_MAPPING_START_EVENT:
        check_tag(event, view(event->data.mapping_start.tag), YAML_MAP_TAG);
        out = map(depth);
        keep(event->data.mapping_start.anchor, out);
        return out;
      default:
        bad(event, "a value is missing");
    }
  }

  void check_tag(const Event& event, std::string_view tag, std::string_view usual) const {
    if (!tag.empty() && tag != "!" && tag != usual) {
      bad(event, cat("the tag ", tag, " means nothing in a CDI file"));
    }
  }

  Tree scalar(const Event& event) const {
    const auto& scalar = event->data.scalar;
    const std::string_view text = view(scalar.value, scalar.length);
    const std::string_view tag = view(scalar.tag);
    if (scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.plain_implicit != 0) {
      return plain(text);
    }
    Tree out = plain(text);
    if (tag == YAML_INT_TAG || tag == YAML_BOOL_TAG || tag == YAML_NULL_TAG) {
      out.may_be_string = false;
      if (out.kind == Tree::Kind::kString) {
        bad(event, cat("'", text, "' is no value of the tag ", tag));
      }
      return out;
    }
    check_tag(event, tag, YAML_STR_TAG);
    out.kind = Tree::Kind::kString;
    out.text = text;
    return out;
  }

  Tree list(unsigned depth) {
    Tree out;
    out.kind = Tree::Kind::kList;
    while (true) {
      Event event;
      next(event);
      if (event->type == YAML_SEQUENCE_END_EVENT) {
        return out;
      }
      out.list.push_back(value(event, depth + 1));
    }
  }

  static const Tree* find(const Tree& map, std::string_view key) {
    for (const auto& [name, tree] : map.map) {
      if (name == key) {
        return &tree;
      }
    }
    return nullptr;
  }

  // Keys that stand in the map itself win, then those of the map that is named first.
  void merge(const Event& event, const Tree& from, Tree& out) {
    if (from.kind == Tree::Kind::kList) {
      for (const Tree& one : from.list) {
        if (one.kind != Tree::Kind::kMap) {
          bad(event, "the merge key << takes maps");
        }
        merge(event, one, out);
      }
      return;
    }
    if (from.kind != Tree::Kind::kMap) {
      bad(event, "the merge key << takes maps");
    }
    for (const auto& [key, tree] : from.map) {
      if (find(out, key) == nullptr) {
        out.map.push_back({key, tree});
      }
    }
  }

  Tree map(unsigned depth) {
    Tree out, merged;
    out.kind = Tree::Kind::kMap;
    bool merges = false;
    while (true) {
      Event event;
      next(event);
      if (event->type == YAML_MAPPING_END_EVENT) {
        break;
      }
      const Tree key = value(event, depth + 1);
      Event second;
      next(second);
      if (key.kind == Tree::Kind::kString && key.text == "<<" && key.may_be_string) {
        merges = true;
        merge(second, value(second, depth + 1), merged);
        continue;
      }
      if (key.kind != Tree::Kind::kString && !key.may_be_string) {
        bad(event, "a key that is no text");
      }
      if (out.map.size() == kMostMembers) {
        bad(event, cat("more than ", kMostMembers, " keys in one map"));
      }
      if (find(out, key.text) != nullptr) {
        bad(event, cat("the key ", key.text, " is there twice in one map"));
      }
      out.map.push_back({key.text, value(second, depth + 1)});
    }
    if (merges) {
      merged.kind = Tree::Kind::kMap;
      Event none;
      merge(none, merged, out);
    }
    return out;
  }

  const std::string& source_;
  yaml_parser_t parser_;
  std::map<std::string, Anchor, std::less<>> anchors_;
  std::size_t count_ = 0;
};

}  // namespace

Tree tree_of_yaml(std::string_view text, const std::string& source) {
  return Reader(text, source).document();
}

}  // namespace xpu::cdi
