// SPDX-License-Identifier: Apache-2.0
#include "core/oci/check.h"

#include <algorithm>
#include <cerrno>

#include "core/base/path.h"

namespace xpu::check {
namespace {

constexpr std::size_t kShown = 64;

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

std::optional<Place> Place::get(std::string_view key) const {
  if (!value_.is_object()) {
    return std::nullopt;
  }
  std::optional<Place> out;
  for (const json::Member& member : json::members(document_, value_)) {
    if (json::as_string(member.key) == key) {
      out = Place(document_, member.value, path_of(key));
    }
  }
  return out && !out->is_null() ? out : std::nullopt;
}

std::string Place::path_of(std::string_view key) const {
  if (!is_plain_key(key)) {
    return cat(path_, '[', quoted(key), ']');
  }
  return path_.empty() ? std::string(key) : cat(path_, '.', key);
}

std::vector<Place> Place::elements() const {
  std::vector<Place> out;
  if (value_.is_array()) {
    for (const json::Value& element : json::elements(document_, value_)) {
      out.emplace_back(document_, element, cat(path_, '[', out.size(), ']'));
    }
  }
  return out;
}

std::vector<std::pair<std::string, Place>> Place::entries() const {
  std::vector<std::pair<std::string, Place>> out;
  if (value_.is_object()) {
    for (const json::Member& member : json::members(document_, value_)) {
      std::string key = json::as_string(member.key).value_or("");
      const std::string path = path_of(key);
      out.emplace_back(std::move(key), Place(document_, member.value, path));
    }
  }
  return out;
}

std::optional<std::string> Place::text(std::string_view key) const {
  const std::optional<Place> found = get(key);
  return found ? found->text() : std::nullopt;
}

std::optional<std::int64_t> Place::integer(std::string_view key) const {
  const std::optional<Place> found = get(key);
  return found ? found->integer() : std::nullopt;
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

std::optional<Look> look_in_root(const Host& host, std::string_view path) {
  if (!host.look || host.root.empty()) {
    return std::nullopt;
  }
  std::string at = host.root;
  Look out = look_at(at);
  for (const std::string_view part : path_parts(path)) {
    if (part == "..") {
      return std::nullopt;
    }
    at += cat('/', part);
    out.there = ::lstat(at.c_str(), &out.status) == 0;
    out.known = out.there || errno == ENOENT || errno == ENOTDIR;
    if (!out.there || S_ISLNK(out.status.st_mode)) {
      break;
    }
  }
  const bool is_link = out.there && S_ISLNK(out.status.st_mode);
  return is_link || !out.known ? std::nullopt : std::optional(out);
}

bool has_namespace(const Place& document, std::string_view type) {
  const std::optional<Place> part = document.get("linux");
  const std::vector<Place> all = part ? part->elements("namespaces") : std::vector<Place>();
  return std::any_of(all.begin(), all.end(),
                     [&](const Place& entry) { return entry.text("type") == type; });
}

}  // namespace xpu::check
