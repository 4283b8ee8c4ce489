// SPDX-License-Identifier: Apache-2.0
#include "core/spec/editor.h"

#include <algorithm>
#include <iterator>

#include "core/base/error.h"

namespace xpu {
namespace {

using json::Splice;
using json::Value;

// What becomes of the elements of one array.
class ArrayEdit {
 public:
  explicit ArrayEdit(std::vector<Value> elements)
      : elements_(std::move(elements)), kept_(elements_.size(), true) {}

  void replace(std::size_t at, const std::string& text) {
    if (elements_[at].text != text) {
      splices_.push_back({elements_[at].begin, elements_[at].text.size(), text});
    }
  }
  void remove(std::size_t at) { kept_[at] = false; }
  void append(const std::string& text) { add(appended_, text); }
  // Before an element, which may go, or behind the last one.
  void insert(std::size_t before, const std::string& text) { add(inserted_[before], text); }

  std::vector<Splice> finish(const Value& array) && {
    settle_inserted();
    const std::size_t first =
        static_cast<std::size_t>(std::find(kept_.begin(), kept_.end(), true) - kept_.begin());
    const bool empty = first == kept_.size();
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if (kept_[i]) {
        continue;
      }
      // Every removed element takes one comma with it: the one before it, or, ahead of the first
      // element that stays, the one behind it.
      const bool ahead = i < first;
      const std::size_t begin = ahead ? elements_[i].begin : elements_[i - 1].end();
      const std::size_t end =
          ahead && i + 1 < kept_.size() ? elements_[i + 1].begin : elements_[i].end();
      splices_.push_back({begin, end - begin, ""});
    }
    if (!appended_.empty()) {
      const std::size_t place = elements_.empty() ? array.begin + 1 : elements_.back().end();
      splices_.push_back({place, 0, cat(empty ? "" : ",", appended_)});
    }
    return std::move(splices_);
  }

 private:
  static void add(std::string& list, const std::string& text) {
    list += list.empty() ? "" : ",";
    list += text;
  }

  // Each stands before an element that stays, or at the end where none does.
  void settle_inserted() {
    std::vector<Splice> out;
    std::string at_end;
    for (const auto& [before, text] : inserted_) {
      const auto from = kept_.begin() + static_cast<std::ptrdiff_t>(std::min(before, kept_.size()));
      const auto place =
          static_cast<std::size_t>(std::find(from, kept_.end(), true) - kept_.begin());
      if (place == kept_.size()) {
        add(at_end, text);
      } else {
        out.push_back({elements_[place].begin, 0, text + ","});
      }
    }
    if (!at_end.empty()) {
      appended_ = appended_.empty() ? std::move(at_end) : cat(at_end, ",", appended_);
    }
    // Of two splices in one place the one that takes nothing out comes first.
    splices_.insert(splices_.begin(), std::make_move_iterator(out.begin()),
                    std::make_move_iterator(out.end()));
  }

  std::vector<Value> elements_;
  std::vector<bool> kept_;
  std::string appended_;
  std::map<std::size_t, std::string> inserted_;  // by the element that they go before
  std::vector<Splice> splices_;
};

std::string parent_of(const std::string& place) {
  const std::size_t dot = place.rfind('.');
  return dot == std::string::npos ? "" : place.substr(0, dot);
}

void place_entry(ArrayEdit& edit, const Entry& entry, const std::vector<std::size_t>& hits,
                 Same same) {
  if (hits.empty()) {
    entry.before ? edit.insert(*entry.before, entry.text) : edit.append(entry.text);
    return;
  }
  const std::size_t chosen = same == Same::kReplaceLast ? hits.back() : hits.front();
  for (const std::size_t hit : hits) {
    if (hit != chosen && same == Same::kReplaceAll) {
      edit.remove(hit);
    }
  }
  if (entry.before) {
    edit.remove(chosen);
    edit.insert(*entry.before, entry.text);
  } else {
    edit.replace(chosen, entry.text);
  }
}

}  // namespace

void put(std::vector<Entry>& entries, Entry entry) {
  std::erase_if(entries, [&](const Entry& other) { return other.key == entry.key; });
  entries.push_back(std::move(entry));
}

std::string joined(const std::vector<Entry>& entries) {
  std::string out;
  for (const Entry& entry : entries) {
    out += out.empty() ? "" : ",";
    out += entry.text;
  }
  return out;
}

std::string joined_members(const std::vector<Addition>& additions) {
  std::string out;
  for (const Addition& addition : additions) {
    out += out.empty() ? "" : ",";
    out += cat(json::quote(addition.key), ':', addition.value);
  }
  return out;
}

std::string list_json(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += cat(out.empty() ? "" : ",", json::quote(text));
  }
  return cat('[', out, ']');
}

Editor::Editor(const Spec& spec) : spec_(spec), document_(spec.document()) {
  members_.emplace(root().begin, spec.members());
}

std::optional<Value> Editor::find(const Value& object, std::string_view key,
                                  const std::string& place) {
  const std::string where = place.empty() ? spec_.source() : cat(spec_.source(), ": ", place);
  const std::optional<Value> value = json::find(members(object), key, where);
  return value && value->text != "null" ? value : std::nullopt;
}

std::optional<Value> Editor::object(const Value& parent, std::string_view key,
                                    const std::string& place) {
  const std::optional<Value> value = find(parent, key, parent_of(place));
  if (value && !value->is_object()) {
    fail(spec_.source(), ": ", place, " is not an object");
  }
  return value;
}

std::vector<std::string> Editor::keys_of(const Value& parent, std::string_view key,
                                         const std::string& place, const KeyOf& key_of) {
  std::vector<std::string> out;
  const std::optional<Value> array = find(parent, key, parent_of(place));
  for (const Value& element : array ? elements_of(*array, place) : std::vector<Value>()) {
    out.push_back(key_of(element, cat(place, '[', out.size(), ']')));
  }
  return out;
}

void Editor::merge(const Value& parent, std::string_view key, const std::string& place,
                   const std::vector<Entry>& entries, Same same, const KeyOf& key_of,
                   std::vector<Addition>& missing, const std::vector<std::size_t>& without) {
  if (entries.empty() && without.empty()) {
    return;
  }
  const std::optional<Value> array = find(parent, key, parent_of(place));
  if (!array) {
    missing.push_back({std::string(key), cat('[', joined(entries), ']')});
    return;
  }
  const std::vector<std::string> keys = keys_of(parent, key, place, key_of);
  ArrayEdit edit(elements_of(*array, place));
  const auto goes = [&](std::size_t place_in_array) {
    return std::find(without.begin(), without.end(), place_in_array) != without.end();
  };
  for (const std::size_t index : without) {
    edit.remove(index);
  }
  for (const Entry& entry : entries) {
    std::vector<std::size_t> hits;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == entry.key && !goes(i)) {
        hits.push_back(i);
      }
    }
    place_entry(edit, entry, hits, same);
  }
  add(std::move(edit).finish(*array));
}

void Editor::append(const Value& parent, std::string_view key, const std::string& place,
                    const std::vector<Entry>& entries, std::vector<Addition>& missing) {
  const KeyOf unlike = [](const Value&, const std::string&) { return std::string(); };
  merge(parent, key, place, entries, Same::kReplaceAll, unlike, missing);
}

void Editor::add_members(const Value& object, const std::vector<Addition>& additions) {
  const std::vector<json::Member>& present = members(object);
  std::vector<Addition> absent;
  for (const Addition& addition : additions) {
    const std::optional<Value> null = json::find(present, addition.key, spec_.source());
    if (null) {
      splices_.push_back({null->begin, null->text.size(), addition.value});
    } else {
      absent.push_back(addition);
    }
  }
  if (!absent.empty()) {
    const std::size_t place = present.empty() ? object.begin + 1 : present.back().value.end();
    splices_.push_back({place, 0, cat(present.empty() ? "" : ",", joined_members(absent))});
  }
}

void Editor::replace(const Value& value, std::string text) {
  splices_.push_back({value.begin, value.text.size(), std::move(text)});
}

void Editor::empty(const Value& parent, std::string_view key) {
  for (const json::Member& member : members(parent)) {
    if (json::as_string(member.key) == key) {
      splices_.push_back(
          {member.key.begin, member.value.end() - member.key.begin, cat(member.key.text, ":[]")});
    }
  }
}

std::string Editor::string_of(const Value& object, std::string_view key, const std::string& place) {
  if (!object.is_object()) {
    fail(spec_.source(), ": ", place, " is not an object");
  }
  const std::optional<Value> value = find(object, key, place);
  return value ? json::as_string(*value).value_or("") : "";
}

std::vector<Value> Editor::elements_of(const Value& array, const std::string& place) const {
  if (!array.is_array()) {
    fail(spec_.source(), ": ", place, " is not an array");
  }
  return json::elements(document_, array);
}

// Looked up once per object: finding the members of `linux` means to walk over all of it.
const std::vector<json::Member>& Editor::members(const Value& object) {
  const auto [place, is_new] = members_.try_emplace(object.begin);
  if (is_new) {
    place->second = json::members(document_, object);
  }
  return place->second;
}

void Editor::add(std::vector<Splice> more) {
  splices_.insert(splices_.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

}  // namespace xpu
