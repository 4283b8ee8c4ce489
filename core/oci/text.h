// SPDX-License-Identifier: Apache-2.0
// JSON as text that stays as it is. A document is validated once with a SAX parser; after that,
// values are found by a bracket matcher and edits are splices into the original bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu::json {

// Throws Error naming `source`: not JSON, byte order mark, NUL, invalid UTF-8, deeper than 1,000,
// larger than 16 MiB, or top level not an object.
void validate(std::string_view text, const std::string& source);

// What validate() would throw, and where.
struct Mistake {
  std::size_t offset = 0;  // in bytes
  std::string text;        // "not JSON: syntax error near byte 7"
};
std::optional<Mistake> mistake_in(std::string_view text);

// A value inside a validated text. Views stay valid as long as the text does.
struct Value {
  std::string_view text;  // the value's own bytes, no white space around
  std::size_t begin = 0;  // offset of text in the document
  std::size_t end() const { return begin + text.size(); }
  bool is_object() const { return text.front() == '{'; }
  bool is_array() const { return text.front() == '['; }
  bool is_string() const { return text.front() == '"'; }
};

struct Member {
  Value key;  // with quotes
  Value value;
};

Value root(std::string_view document);
std::vector<Member> members(std::string_view document, const Value& object);
std::vector<Value> elements(std::string_view document, const Value& array);

// Member `name` of an object; nullopt when absent or when `object` is not an object. Throws Error
// naming `where` when the object holds `name` twice, or a spelling of it that differs in case only
// (Go's decoder, which engines and runc use, would take that one; Unicode folding included).
std::optional<Value> find(std::string_view document, const Value& object, std::string_view name,
                          const std::string& where);

// The same in an object whose members are at hand.
std::optional<Value> find(const std::vector<Member>& members, std::string_view name,
                          const std::string& where);

// Whether Go's decoder would take `text` for the key `name`, which is of ASCII letters: equal under
// Unicode's simple folding.
bool folds_to(std::string_view text, std::string_view name);

// Contents of a string value, escapes resolved; nullopt when it is not a string.
std::optional<std::string> as_string(const Value& value);
// Integer in range, else nullopt.
std::optional<std::int64_t> as_integer(const Value& value);
std::optional<bool> as_bool(const Value& value);

// A JSON string literal, quotes included; leaves valid UTF-8 as it is. Throws Error for a text that
// is not UTF-8: JSON cannot hold it, and a path that reads differently is another path.
std::string quote(std::string_view text);

// Replaces `length` bytes at `offset` of the original document by `text`.
struct Splice {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;
};

// Splices refer to the original and must not overlap; those at the same offset apply in order.
std::string apply(std::string_view document, std::vector<Splice> splices);
// What takes apply(document, splices) back to `document`.
std::vector<Splice> inverse(std::string_view document, std::vector<Splice> splices);

}  // namespace xpu::json
