// SPDX-License-Identifier: Apache-2.0
#include "core/oci/check.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace xpu::check {
namespace {

constexpr std::size_t kShown = 64;

// The versions whose refusals were seen.
constexpr TakerVersion kSeenRunc = {1, 1, 5}, kSeenCrun = {1, 8, 1};

bool is_plain_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

void Findings::put(Refuses who, const std::string& place, std::string text) {
  const bool ours = who == Refuses::kBoth || (who == Refuses::kRunc && taker_ == Taker::kRunc) ||
                    (who == Refuses::kCrun && taker_ == Taker::kCrun);
  if (!ours && who != Refuses::kNobody) {
    text += who == Refuses::kRunc ? " (runc refuses it)" : " (crun refuses it)";
  }
  list_.push_back({ours ? Severity::kError : Severity::kWarning, place, std::move(text)});
}

void Findings::put_before(const Since& since, const std::string& place, std::string text) {
  const TakerVersion never = {};
  const TakerVersion first = taker_ == Taker::kRunc   ? since.runc
                             : taker_ == Taker::kCrun ? since.crun
                                                      : never;
  if (first == never || !version_) {
    put(Refuses::kNobody, place, std::move(text));
  } else if (*version_ < first) {
    put(Refuses::kBoth, place, std::move(text));
  }
}

bool Findings::is_newer_than_seen() const {
  return version_ && ((taker_ == Taker::kRunc && *version_ > kSeenRunc) ||
                      (taker_ == Taker::kCrun && *version_ > kSeenCrun));
}

Document::Document(std::string_view text, bool any_case, std::string_view before,
                   const std::vector<json::Splice>& splices)
    : text_(text), any_case_(any_case), before_(before), undo_(json::inverse(before, splices)) {
  std::size_t grown = 0, shrunk = 0;
  for (const json::Splice& splice : undo_) {
    old_.push_back(splice.offset + shrunk - grown);
    grown += splice.length;
    shrunk += splice.text.size();
  }
}

Document::Origin Document::origin_of(std::size_t offset) const {
  const auto after = std::upper_bound(
      undo_.begin(), undo_.end(), offset,
      [](std::size_t value, const json::Splice& splice) { return value < splice.offset; });
  if (after == undo_.begin()) {
    return {offset, false, false};
  }
  const json::Splice& last = *(after - 1);
  const std::size_t old = old_[static_cast<std::size_t>(after - 1 - undo_.begin())];
  if (offset < last.offset + last.length) {
    return {old, true, offset == last.offset};
  }
  return {old + last.text.size() + (offset - last.offset - last.length), false, false};
}

bool Document::is_added(std::string_view path) const {
  for (std::size_t end = path.find_first_of(".[", 1); !added_.empty();
       end = path.find_first_of(".[", end + 1)) {
    if (added_.find(path.substr(0, end)) != added_.end()) {
      return true;
    }
    if (end == path.npos) {
      break;
    }
  }
  return false;
}

Place::Place(const Document& document)
    : document_(&document),
      value_(json::root(document.text())),
      before_(document.before() ? std::optional(json::root(*document.before())) : std::nullopt) {}

bool Place::is_called(const json::Member& member, std::string_view key) const {
  const std::string_view plain = member.key.text.substr(1, member.key.text.size() - 2);
  const std::string name =
      plain.find('\\') == plain.npos ? "" : json::as_string(member.key).value_or("");
  const std::string_view has = name.empty() ? plain : std::string_view(name);
  return has == key || (document_->any_case() && json::folds_to(has, key));
}

std::vector<json::Member> Place::members_before() const {
  return before_ ? json::members(*document_->before(), *before_) : std::vector<json::Member>();
}

Place Place::member(const json::Value& value, std::string_view key,
                    const std::vector<json::Member>& before) const {
  std::optional<json::Value> same;
  for (const json::Member& member : before) {
    if (is_called(member, key)) {
      same = member.value;
    }
  }
  const std::string path = path_of(key);
  if (document_->before() && (!same || same->text == "null") && value.text != "null") {
    document_->note_added(path);
  }
  return {*document_, value, path, same};
}

std::optional<Place> Place::get(std::string_view key) const {
  std::optional<json::Value> found;
  if (value_.is_object()) {
    for (const json::Member& member : json::members(document_->text(), value_)) {
      if (is_called(member, key)) {
        found = member.value;
      }
    }
  }
  return found && found->text != "null" ? std::optional(member(*found, key, members_before()))
                                        : std::nullopt;
}

std::string Place::path_of(std::string_view key) const {
  if (!is_plain_key(key)) {
    return cat(path_, '[', quoted(key), ']');
  }
  return path_.empty() ? std::string(key) : cat(path_, '.', key);
}

std::vector<Place> Place::elements() const {
  std::vector<Place> out;
  if (!value_.is_array()) {
    return out;
  }
  const std::vector<json::Value> old =
      before_ ? json::elements(*document_->before(), *before_) : std::vector<json::Value>();
  std::size_t next = old.size();
  for (const json::Value& element : json::elements(document_->text(), value_)) {
    std::size_t index = before_ ? next : out.size();
    std::optional<json::Value> same;
    if (before_) {
      const Document::Origin origin = document_->origin_of(element.begin);
      const auto found = std::lower_bound(
          old.begin(), old.end(), origin.offset,
          [](const json::Value& value, std::size_t offset) { return value.begin < offset; });
      const bool stood = found != old.end() && found->begin == origin.offset;
      if (stood && (!origin.edited || origin.first)) {
        index = static_cast<std::size_t>(found - old.begin());
        same = origin.edited ? std::nullopt : std::optional(*found);
      } else {
        ++next;
      }
    }
    const std::string path = cat(path_, '[', index, ']');
    if (before_ && !same) {
      document_->note_added(path);
    }
    out.push_back(Place(*document_, element, path, same));
  }
  return out;
}

std::vector<std::pair<std::string, Place>> Place::entries() const {
  std::vector<std::pair<std::string, Place>> out;
  if (!value_.is_object()) {
    return out;
  }
  std::map<std::string, json::Value> old;
  for (const json::Member& member : members_before()) {
    old.insert_or_assign(json::as_string(member.key).value_or(""), member.value);
  }
  for (const json::Member& member : json::members(document_->text(), value_)) {
    const std::string key = json::as_string(member.key).value_or("");
    const auto same = old.find(key);
    const std::string path = path_of(key);
    if (document_->before() && same == old.end()) {
      document_->note_added(path);
    }
    out.emplace_back(key, Place(*document_, member.value, path,
                                same == old.end() ? std::nullopt : std::optional(same->second)));
  }
  return out;
}

std::optional<std::uint64_t> Place::natural() const {
  std::uint64_t number = 0;
  const char* const end = value_.text.data() + value_.text.size();
  const auto [stop, error] = std::from_chars(value_.text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::optional<std::string> Place::text(std::string_view key) const {
  const std::optional<Place> found = get(key);
  return found ? found->text() : std::nullopt;
}

std::optional<std::int64_t> Place::integer(std::string_view key) const {
  const std::optional<Place> found = get(key);
  return found ? found->integer() : std::nullopt;
}

std::optional<std::uint64_t> Place::natural(std::string_view key) const {
  const std::optional<Place> found = get(key);
  return found ? found->natural() : std::nullopt;
}

std::vector<Place> Place::elements(std::string_view key) const {
  const std::optional<Place> found = get(key);
  return found ? found->elements() : std::vector<Place>();
}

std::vector<std::pair<std::string, Place>> Place::entries(std::string_view key) const {
  const std::optional<Place> found = get(key);
  return found ? found->entries() : std::vector<std::pair<std::string, Place>>();
}

std::string quoted(std::string_view text) {
  std::size_t end = std::min(text.size(), kShown);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;  // not in the middle of a character
  }
  try {
    return cat(json::quote(text.substr(0, end)), end < text.size() ? "..." : "");
  } catch (const Error&) {
    return "\"?\"";  // no UTF-8: half of a pair of \u escapes
  }
}

Look look_at(const std::string& path) {
  Look out;
  out.there = ::stat(path.c_str(), &out.status) == 0;
  out.known = out.there || errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  return out;
}

bool has_namespace(const Place& document, std::string_view type) {
  const std::optional<Place> part = document.get("linux");
  const std::vector<Place> all = part ? part->elements("namespaces") : std::vector<Place>();
  return std::any_of(all.begin(), all.end(),
                     [&](const Place& entry) { return entry.text("type") == type; });
}

}  // namespace xpu::check
