// SPDX-License-Identifier: Apache-2.0
#include "core/setup/json_edit.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/oci/text.h"
#include "core/setup/text.h"

namespace xpu::setup {

// How the file is laid out, as its first members show.
struct JsonDocument::Style {
  bool lines = true;  // a member to a line
  std::string newline = "\n";
  std::string unit = "    ";    // one level of indentation
  std::string colon = ": ";     // between key and value
  std::string comma_gap = " ";  // behind a comma, on one line
};

namespace {

using json::Member;
using json::Value;

constexpr std::string_view kSpace = " \t\r\n";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
}

// The white space before `at` if it goes back to the start of a line, else nullopt.
std::optional<std::string_view> indent_before(std::string_view document, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && (document[begin - 1] == ' ' || document[begin - 1] == '\t')) {
    --begin;
  }
  if (begin == 0 || document[begin - 1] != '\n') {
    return std::nullopt;
  }
  return document.substr(begin, at - begin);
}

std::string key_text(const Member& member) {
  return json::as_string(member.key).value_or("");
}

// json::find() for a key that it takes offence at, with the line of the member at fault.
std::optional<Value> find_with_line(std::string_view body, const std::vector<Member>& members,
                                    const std::string& key, const std::string& source) {
  std::vector<Member> some;
  for (const Member& member : members) {
    some.push_back(member);
    json::find(some, key, cat(source, ':', line_of(body, member.key.begin)));
  }
  return json::find(some, key, source);
}

// Member path[depth] of the object that the keys before it lead to.
std::optional<Value> find_at(std::string_view body, const Value& object, const KeyPath& path,
                             std::size_t depth, const std::vector<std::string>& maps,
                             const std::string& source) {
  std::vector<Member> members = json::members(body, object);
  if (depth == 1 && std::find(maps.begin(), maps.end(), path[0]) != maps.end()) {
    members.erase(std::remove_if(members.begin(), members.end(),
                                 [&](const Member& member) { return key_text(member) != path[1]; }),
                  members.end());
  }
  try {
    return json::find(members, path[depth], source);
  } catch (const Error&) {
    return find_with_line(body, members, path[depth], source);
  }
}

}  // namespace

JsonDocument::JsonDocument(std::string_view text, std::string source, std::vector<std::string> maps)
    : text_(text),
      source_(std::move(source)),
      maps_(std::move(maps)),
      start_(byte_order_mark(text)) {
  refuse_utf16(text, source_);
  const std::string_view body = text.substr(start_);
  if (is_blank(body)) {
    return;
  }
  if (const std::optional<json::Mistake> mistake = json::mistake_in(body)) {
    fail(source_, ':', line_of(body, mistake->offset), ": ", mistake->text);
  }
}

std::optional<Value> JsonDocument::find(const KeyPath& path) const {
  const std::string_view body = std::string_view(text_).substr(start_);
  if (is_blank(body)) {
    return std::nullopt;
  }
  Value value = json::root(body);
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    const std::string& key = path[depth];
    if (value.text == "null") {
      return std::nullopt;
    }
    if (!value.is_object()) {
      fail(source_, ':', line_of(body, value.begin), ": the value that holds \"", key,
           "\" must be an object; correct it");
    }
    const std::optional<Value> found = find_at(body, value, path, depth, maps_, source_);
    if (!found) {
      return std::nullopt;
    }
    value = *found;
  }
  return value;
}

std::optional<std::string> JsonDocument::literal(const KeyPath& path) const {
  const std::optional<Value> value = find(path);
  return value ? std::optional(std::string(value->text)) : std::nullopt;
}

std::optional<std::string> JsonDocument::string_at(const KeyPath& path) const {
  const std::optional<std::string> text = literal(path);
  return text ? json::as_string({*text, 0}) : std::nullopt;
}

std::vector<std::string> JsonDocument::keys(const KeyPath& path) const {
  std::vector<std::string> out;
  if (const std::optional<std::string> object = literal(path)) {
    for (const Member& member : json::members(*object, {*object, 0})) {
      out.push_back(key_text(member));
    }
  }
  return out;
}

void JsonDocument::replace(std::size_t begin, std::size_t length, std::string_view by) {
  text_.replace(start_ + begin, length, by);
}

JsonDocument::Style JsonDocument::style() const {
  const std::string_view body = std::string_view(text_).substr(start_);
  Style out;
  out.newline = newline_of(body);
  if (is_blank(body)) {
    return out;
  }
  const std::vector<Member> all = json::members(body, json::root(body));
  if (all.empty()) {
    return out;
  }
  const Member& first = all.front();
  const std::size_t brace = json::root(body).begin;
  out.lines = body.substr(brace, first.key.begin - brace).find('\n') != std::string_view::npos;
  if (const auto indent = indent_before(body, first.key.begin); indent && !indent->empty()) {
    out.unit = *indent;
  }
  const std::string_view colon = body.substr(first.key.end(), first.value.begin - first.key.end());
  if (colon.find_first_of("\r\n") == std::string_view::npos) {
    out.colon = colon;
  }
  const bool airy = colon.ends_with(' ') || body.substr(brace + 1).starts_with(' ');
  out.comma_gap = airy ? " " : "";
  return out;
}

// "a": {"b": LITERAL} for the keys a and b; what is nested begins lines of its own where the file
// does so.
std::string JsonDocument::rendered(const std::vector<std::string>& keys, const std::string& literal,
                                   const Style& style, const std::string& indent) const {
  std::string out = json::quote(keys.front()) + style.colon;
  const std::string inner = indent + style.unit;
  const auto object = [&](const std::string& members) {
    return style.lines ? cat('{', style.newline, inner, members, style.newline, indent, '}')
                       : cat('{', members, '}');
  };
  if (keys.size() > 1) {
    return out + object(rendered({keys.begin() + 1, keys.end()}, literal, style, inner));
  }
  const std::vector<Member> members = json::members(literal, {literal, 0});
  if (members.empty()) {
    return out + literal;
  }
  std::string text;
  for (const Member& member : members) {
    const std::string gap =
        style.lines ? cat(',', style.newline, inner) : cat(',', style.comma_gap);
    text += text.empty() ? "" : gap;
    text += rendered({key_text(member)}, std::string(member.value.text), style, inner);
  }
  return out + object(text);
}

void JsonDocument::put(const KeyPath& path, const std::string& text) {
  if (const std::optional<Value> value = find(path)) {
    replace(value->begin, value->text.size(), text);
  } else {
    set(path, text);
  }
}

void JsonDocument::set(const KeyPath& path, const std::string& literal) {
  const Style style = this->style();
  if (is_blank(std::string_view(text_).substr(start_))) {
    text_.resize(start_);
    text_ += cat('{', style.newline, style.unit, rendered(path, literal, style, style.unit),
                 style.newline, '}', style.newline);
    return;
  }
  const std::string_view body = std::string_view(text_).substr(start_);
  Value object = json::root(body);
  std::size_t depth = 0;
  std::string outer;  // indentation of the line that `object` begins on
  while (depth < path.size()) {
    const std::optional<Value> found = find_at(body, object, path, depth, maps_, source_);
    if (!found) {
      break;
    }
    ++depth;
    if (depth == path.size() || found->text == "null") {
      const std::string inner = outer + style.unit;
      const std::string member =
          rendered({path.begin() + static_cast<std::ptrdiff_t>(depth) - 1, path.end()}, literal,
                   style, inner);
      const std::size_t value = json::quote(path[depth - 1]).size() + style.colon.size();
      // What says the same in another spelling stays.
      const bool same =
          found->text == literal ||
          (found->is_string() && json::as_string(*found) == json::as_string({literal, 0}));
      if (depth < path.size() || !same) {
        replace(found->begin, found->text.size(), member.substr(value));
      }
      return;
    }
    if (!found->is_object()) {
      fail(source_, ':', line_of(body, found->begin), ": \"", path[depth - 1],
           "\" must be an object; correct it");
    }
    object = *found;
    outer += style.unit;
  }
  const std::vector<Member> members = json::members(body, object);
  const KeyPath rest(path.begin() + static_cast<std::ptrdiff_t>(depth), path.end());
  if (members.empty()) {
    const std::string_view inside = body.substr(object.begin + 1, object.text.size() - 2);
    const bool lines = style.lines || inside.find('\n') != std::string_view::npos;
    const std::string member = rendered(rest, literal, style, outer + style.unit);
    const bool ended = inside.find('\n') != std::string_view::npos;
    replace(object.begin + 1, 0,
            lines ? cat(style.newline, outer, style.unit, member,
                        ended ? "" : cat(style.newline, outer))
                  : member);
    return;
  }
  const Member& last = members.back();
  const auto indent = indent_before(body, last.key.begin);
  // An object on one line in a file of lines stays on one line.
  Style here = style;
  here.lines = style.lines && indent.has_value();
  const std::string gap = indent ? cat(style.newline, *indent) : style.comma_gap;
  replace(last.value.end(), 0,
          cat(',', gap, rendered(rest, literal, here, std::string(indent.value_or("")))));
}

bool JsonDocument::remove(const KeyPath& path) {
  if (!literal(path)) {
    return false;
  }
  const std::string_view body = std::string_view(text_).substr(start_);
  Value object = json::root(body);
  for (std::size_t depth = 0; depth + 1 < path.size(); ++depth) {
    object = *find_at(body, object, path, depth, maps_, source_);
  }
  const std::vector<Member> members = json::members(body, object);
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& member) {
    return key_text(member) == path.back();
  });
  if (at != members.begin()) {
    const std::size_t begin = (at - 1)->value.end();
    replace(begin, at->value.end() - begin, "");
  } else if (members.size() > 1) {
    const std::size_t begin = at->key.begin;
    replace(begin, (at + 1)->key.begin - begin, "");
  } else {
    replace(object.begin, object.text.size(), "{}");
  }
  return true;
}

}  // namespace xpu::setup
