// SPDX-License-Identifier: Apache-2.0
// Everything here works on text that validate() accepted, so brackets match and strings end. The
// bounds are checked all the same: a caller's mistake must not become a read past the end.
#include "core/oci/text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace xpu::json {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

constexpr std::array<bool, 256> kStructure = [] {
  std::array<bool, 256> table{};
  for (const char c : {'"', '{', '}', '[', ']'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

// Members of an object, elements of an array: few have more.
constexpr std::size_t kUsual = 8;

// What stands for itself in a string literal.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x80; ++c) {
    table[c] = c != '"' && c != '\\';
  }
  return table;
}();

class Cursor {
 public:
  Cursor(std::string_view document, std::size_t at) : document_(document), at_(at) {}

  std::size_t at() const { return at_; }
  char peek() const { return at_ < document_.size() ? document_[at_] : '\0'; }
  void advance() { at_ = std::min(at_ + 1, document_.size()); }
  void skip_space() {
    while (at_ < document_.size() && is_space(document_[at_])) {
      ++at_;
    }
  }

  // The value that begins at the next byte that is no white space.
  Value value() {
    skip_space();
    const std::size_t begin = at_;
    switch (peek()) {
      case '"':
        skip_string();
        break;
      case '{':
      case '[':
        skip_brackets();
        break;
      default:
        at_ = std::min(document_.find_first_of(",]} \t\r\n", at_), document_.size());
    }
    return {document_.substr(begin, at_ - begin), begin};
  }

 private:
  void skip_string() {
    ++at_;
    std::size_t end = next_quote();
    for (std::size_t escape = next_escape(end); escape < end; escape = next_escape(end)) {
      at_ = std::min(escape + 2, document_.size());
      if (at_ > end) {  // it was that quote that is escaped
        end = next_quote();
      }
    }
    at_ = std::min(end + 1, document_.size());
  }
  std::size_t next_quote() const { return std::min(document_.find('"', at_), document_.size()); }
  std::size_t next_escape(std::size_t end) const {
    return std::min(document_.substr(0, end).find('\\', at_), end);
  }

  void skip_brackets() {
    std::size_t depth = 0;
    while (at_ < document_.size()) {
      const char c = document_[at_];
      if (!kStructure[static_cast<unsigned char>(c)]) {
        ++at_;
      } else if (c == '"') {
        skip_string();
      } else {
        ++at_;
        depth += c == '{' || c == '[' ? 1 : -1;
        if (depth == 0) {
          return;
        }
      }
    }
  }

  std::string_view document_;
  std::size_t at_;
};

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      out += static_cast<char>(0xe0 | (code >> 12));
    } else {
      out += static_cast<char>(0xf0 | (code >> 18));
      out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    }
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
  }
  out += static_cast<char>(0x80 | (code & 0x3f));
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  return code;
}

// Resolves the \u escape whose digits begin at `at`, together with its other half, and returns
// where the text goes on.
std::size_t append_unicode(std::string& out, std::string_view body, std::size_t at) {
  std::uint32_t code = hex4(body.substr(std::min(at, body.size()), 4));
  at += 4;
  if (code >= 0xd800 && code < 0xdc00 && body.substr(std::min(at, body.size()), 2) == "\\u") {
    const std::uint32_t low = hex4(body.substr(std::min(at + 2, body.size()), 4));
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    at += 6;
  }
  append_utf8(out, code);
  return at;
}

std::string unescape(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  std::size_t at = 0;
  while (at < body.size()) {
    const std::size_t stop = std::min(body.find('\\', at), body.size());
    out.append(body, at, stop - at);
    at = stop;
    if (at + 1 >= body.size()) {
      break;
    }
    const char c = body[at + 1];
    at += 2;
    if (c == 'u') {
      at = append_unicode(out, body, at);
      continue;
    }
    constexpr std::string_view kLetters = "bfnrt", kMeanings = "\b\f\n\r\t";
    const std::size_t letter = kLetters.find(c);
    out += letter == std::string_view::npos ? c : kMeanings[letter];
  }
  return out;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

Value root(std::string_view document) {
  const std::size_t begin = std::min(document.find_first_not_of(" \t\r\n"), document.size());
  const std::size_t end = document.find_last_not_of(" \t\r\n") + 1;
  return {document.substr(begin, end - begin), begin};
}

std::vector<Member> members(std::string_view document, const Value& object) {
  std::vector<Member> out;
  if (!object.is_object()) {
    return out;
  }
  out.reserve(kUsual);
  Cursor cursor(document, object.begin + 1);
  cursor.skip_space();
  while (cursor.peek() == '"') {
    const Value key = cursor.value();
    cursor.skip_space();
    cursor.advance();  // ':'
    out.push_back({key, cursor.value()});
    cursor.skip_space();
    cursor.advance();  // ',' or '}'
    cursor.skip_space();
    if (cursor.at() >= object.end()) {
      break;
    }
  }
  return out;
}

std::vector<Value> elements(std::string_view document, const Value& array) {
  std::vector<Value> out;
  if (!array.is_array()) {
    return out;
  }
  Cursor cursor(document, array.begin + 1);
  cursor.skip_space();
  if (cursor.peek() == ']') {
    return out;
  }
  out.reserve(kUsual);
  while (cursor.at() < array.end()) {
    out.push_back(cursor.value());
    cursor.skip_space();
    cursor.advance();  // ',' or ']'
  }
  return out;
}

// Equal under Unicode simple folding. Our names are ASCII letters, so besides ASCII case only two
// characters fold into them: U+017F (to s) and U+212A (to k).
bool folds_to(std::string_view text, std::string_view name) {
  std::size_t at = 0;
  for (const char expected : name) {
    const char want = lower(expected);
    const std::string_view rest = text.substr(at);
    if (!rest.empty() && lower(rest.front()) == want) {
      at += 1;
    } else if (want == 's' && rest.starts_with("\u017f")) {
      at += 2;
    } else if (want == 'k' && rest.starts_with("\u212a")) {
      at += 3;
    } else {
      return false;
    }
  }
  return at == text.size();
}

std::optional<Value> find(const std::vector<Member>& members, std::string_view name,
                          const std::string& where) {
  std::optional<Value> found;
  std::string decoded;
  for (const Member& member : members) {
    std::string_view key = member.key.text.substr(1, member.key.text.size() - 2);
    if (key.find('\\') != std::string_view::npos) {
      decoded = unescape(key);
      key = decoded;
    }
    if (!folds_to(key, name)) {
      continue;
    }
    if (key != name) {
      fail(where, ": key ", member.key.text, " differs from \"", name,
           "\" in case only, and programs disagree on what it means; rename or remove it");
    }
    if (found) {
      fail(where, ": key \"", name, "\" is there twice; remove one");
    }
    found = member.value;
  }
  return found;
}

std::optional<Value> find(std::string_view document, const Value& object, std::string_view name,
                          const std::string& where) {
  return find(members(document, object), name, where);
}

std::optional<std::string> as_string(const Value& value) {
  if (!value.is_string() || value.text.size() < 2) {
    return std::nullopt;
  }
  const std::string_view body = value.text.substr(1, value.text.size() - 2);
  if (body.find('\\') == std::string_view::npos) {
    return std::string(body);
  }
  return unescape(body);
}

std::optional<std::int64_t> as_integer(const Value& value) {
  std::int64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  if (error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return number;
}

std::optional<bool> as_bool(const Value& value) {
  if (value.text == "true" || value.text == "false") {
    return value.text == "true";
  }
  return std::nullopt;
}

std::string quote(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto plain = [](char c) { return kPlain[static_cast<unsigned char>(c)]; };
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (std::size_t at = 0;;) {
    const auto* const stop = std::find_if_not(text.begin() + at, text.end(), plain);
    out.append(text.begin() + at, stop);
    at = static_cast<std::size_t>(stop - text.begin());
    if (at == text.size()) {
      break;
    }
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) {
      fail("cannot write a text that is not UTF-8 as JSON: \"", text.substr(0, at), "...\"");
    }
    const char c = text[at];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    } else {
      out.append(text, at, length);
    }
    at += length;
  }
  return out += '"';
}

std::string apply(std::string_view document, std::vector<Splice> splices) {
  std::stable_sort(splices.begin(), splices.end(),
                   [](const Splice& a, const Splice& b) { return a.offset < b.offset; });
  std::string out;
  std::size_t at = 0;
  for (const Splice& splice : splices) {
    if (splice.offset < at || splice.offset > document.size() ||
        splice.length > document.size() - splice.offset) {
      fail("edits of a document overlap or lie outside of it");
    }
    out.append(document, at, splice.offset - at);
    out += splice.text;
    at = splice.offset + splice.length;
  }
  return out.append(document, at);
}

std::vector<Splice> inverse(std::string_view document, std::vector<Splice> splices) {
  std::stable_sort(splices.begin(), splices.end(),
                   [](const Splice& a, const Splice& b) { return a.offset < b.offset; });
  std::size_t grown = 0, shrunk = 0;  // by the splices before
  for (Splice& splice : splices) {
    std::string old(document.substr(splice.offset, splice.length));
    const std::size_t inserted = splice.text.size(), removed = splice.length;
    splice = {splice.offset + grown - shrunk, inserted, std::move(old)};
    grown += inserted;
    shrunk += removed;
  }
  return splices;
}

}  // namespace xpu::json
