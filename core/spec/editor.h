// SPDX-License-Identifier: Apache-2.0
// Edits of a config.json as splices: what is not edited stays as it is written.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/spec.h"
#include "core/oci/text.h"

namespace xpu {

// Something that shall be in an array: what it is known by there, and its JSON.
struct Entry {
  std::string key;
  std::string text;
  // It goes before the element of that place, or to the end where there is none, even when it
  // replaces one; nullopt: where the one is that it replaces, else to the end.
  std::optional<std::size_t> before = {};
};

// Of several entries with one key the last counts.
void put(std::vector<Entry>& entries, Entry entry);
std::string joined(const std::vector<Entry>& entries);

struct Addition {  // a member that an object lacks
  std::string key;
  std::string value;
};
std::string joined_members(const std::vector<Addition>& additions);
// An array of texts.
std::string list_json(const std::vector<std::string>& texts);

// Which elements of a key an entry takes the place of; the rest of them goes, or stays.
enum class Same { kReplaceAll, kReplaceLast };

// `place` is always the path of what is looked at, "linux.devices[2]", for messages.
class Editor {
 public:
  using Value = json::Value;
  // What an element of an array is known by.
  using KeyOf = std::function<std::string(const Value&, const std::string& place)>;

  explicit Editor(const Spec& spec);

  // nullopt: missing or null.
  std::optional<Value> find(const Value& object, std::string_view key, const std::string& place);
  std::optional<Value> object(const Value& parent, std::string_view key, const std::string& place);

  // Brings `entries` into the array `key` of `parent`, or into `missing` when there is none.
  // `without`: places of elements that go.
  void merge(const Value& parent, std::string_view key, const std::string& place,
             const std::vector<Entry>& entries, Same same, const KeyOf& key_of,
             std::vector<Addition>& missing, const std::vector<std::size_t>& without = {});
  void append(const Value& parent, std::string_view key, const std::string& place,
              const std::vector<Entry>& entries, std::vector<Addition>& missing);
  void add_members(const Value& object, const std::vector<Addition>& additions);
  // What the elements of an array are known by, in order; empty where there is none.
  std::vector<std::string> keys_of(const Value& parent, std::string_view key,
                                   const std::string& place, const KeyOf& key_of);
  // In place of a value that is there.
  void replace(const Value& value, std::string text);
  // Empties an array that is there. It is written anew together with its key: a text by which the
  // edit is found again in a file that was changed since.
  void empty(const Value& parent, std::string_view key);

  std::string string_of(const Value& object, std::string_view key, const std::string& place);
  std::vector<Value> elements_of(const Value& array, const std::string& place) const;

  const Spec& spec() const { return spec_; }
  Value root() const { return json::root(document_); }
  std::vector<json::Splice> take() { return std::move(splices_); }

 private:
  const std::vector<json::Member>& members(const Value& object);
  void add(std::vector<json::Splice> more);

  const Spec& spec_;
  std::string_view document_;
  std::map<std::size_t, std::vector<json::Member>> members_;  // by offset of the object
  std::vector<json::Splice> splices_;
};

}  // namespace xpu
