// SPDX-License-Identifier: Apache-2.0
// What a path is in the container, told without starting anything.
#include <algorithm>
#include <cerrno>

#include "core/base/contains.h"
#include "core/base/path.h"
#include "core/oci/check.h"
#include "core/oci/spec.h"

namespace xpu::check {
namespace {

// The mount's source on the host; "" for one that shows nothing of the host.
std::string source_of(const Place& mount, const Host& host) {
  std::vector<std::string> options;
  for (const Place& option : mount.elements("options")) {
    options.push_back(option.text().value_or(""));
  }
  const std::string source = mount.text("source").value_or("");
  if (!bind_asked(options) || source.empty() || source.find('\0') != source.npos) {
    return "";
  }
  return source.front() == '/' ? source : cat(host.bundle, '/', source);
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Nothing of the host's links is followed: they lead elsewhere in the container.
std::optional<Look> look_below(std::string at, std::string_view path) {
  Look out = look_at(at);
  for (const std::string_view part : path_parts(path)) {
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

}  // namespace

std::string cleaned(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : path_parts(path)) {
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : parts) {
    out += cat('/', part);
  }
  return out.empty() ? "/" : out;
}

std::optional<Look> look_in_root(const Host& host, std::string_view path) {
  const std::vector<std::string_view> parts = path_parts(path);
  if (!host.look || host.root.empty() || contains(parts, "..")) {
    return std::nullopt;
  }
  const std::string clean = cleaned(path);
  const bool written = std::any_of(
      host.written.begin(), host.written.end(),
      [&](const std::string& other) { return is_below(clean, other) || is_below(other, clean); });
  return written ? std::nullopt : look_below(host.root, path);
}

Files::Files(const Place& document, const Host& host) : host_(host) {
  std::size_t number = 0;
  for (const Place& mount : document.elements("mounts")) {
    covering_.insert_or_assign(cleaned(mount.text("destination").value_or("")),
                               Covering{number++, source_of(mount, host)});
  }
}

std::optional<Look> Files::look(std::string_view path) const {
  const std::string clean = cleaned(path);
  const Covering* last = nullptr;
  std::string_view below;  // what of the path is in that mount
  for (std::size_t end = clean.size();;) {
    const std::string_view folder = end == 0 ? "/" : std::string_view(clean).substr(0, end);
    const auto found = covering_.find(folder);
    if (found != covering_.end() && (last == nullptr || last->number < found->second.number)) {
      last = &found->second;
      below = std::string_view(clean).substr(std::min(end, clean.size()));
    }
    if (end == 0 || clean == "/") {
      break;
    }
    end = clean.rfind('/', end - 1);
  }
  if (last == nullptr) {
    return look_in_root(host_, path);
  }
  const bool coming = !host_.coming.empty() && is_below(last->source, host_.coming);
  if (last->source.empty() || coming || !host_.look) {
    return std::nullopt;
  }
  const Look source = look_at(last->source);
  return source.there ? look_below(last->source, below) : std::nullopt;
}

}  // namespace xpu::check
