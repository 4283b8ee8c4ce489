// SPDX-License-Identifier: Apache-2.0
#include "core/rootfs/view.h"

#include <fcntl.h>

#include <algorithm>
#include <climits>
#include <iterator>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/path.h"

namespace xpu {
namespace {

constexpr int kMaxLinks = 40;

// Components still to be walked, the next one last.
void queue(std::vector<std::string>& pending, std::string_view path) {
  const std::vector<std::string_view> parts = path_parts(path);
  pending.insert(pending.end(), parts.rbegin(), parts.rend());
}

bool at_or_below(std::string_view path, std::string_view folder) {
  if (folder == "/") {
    return true;
  }
  // Most mounts lie elsewhere, which two letters tell already.
  const std::size_t size = folder.size();
  const bool ends_there = path.size() == size || (path.size() > size && path[size] == '/');
  return ends_there && path[size - 1] == folder.back() && path.starts_with(folder);
}

void go_up(std::string& path) {
  path.erase(std::min(path.rfind('/'), path.size()));
}

// Opens what lies at a host path without waiting on FIFOs or touching devices.
std::optional<struct stat> host_stat(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return status;
}

}  // namespace

ContainerView::ContainerView(const Spec& spec, const Rootfs& rootfs, std::string bundle)
    : rootfs_(rootfs), bundle_(std::move(bundle)) {
  targets_.reserve(spec.mounts.size());
  for (const SpecMount& mount : spec.mounts) {
    // A destination goes through the mounts before it, as the runtime's own mounting does.
    targets_.push_back({follow(mount.destination, LastLink::kFollow), &mount});
    resolved_.clear();  // below the mount links are no longer followed
  }
}

const ContainerView::Target* ContainerView::covering(std::string_view path) const {
  const auto found = std::find_if(targets_.rbegin(), targets_.rend(), [&](const Target& target) {
    return at_or_below(path, target.path);
  });
  return found == targets_.rend() ? nullptr : &*found;
}

// The folder's descriptor; -1 when no folder is there. Each is opened by one name in the one above,
// so that no link can lead out of the root file system.
int ContainerView::folder_at(std::string_view path) const {
  const auto known = folders_.find(path);
  if (known != folders_.end()) {
    return known->second.get();
  }
  Fd fd;
  if (path == "/") {
    fd = rootfs_.open("/", O_PATH | O_DIRECTORY);
  } else {
    const std::size_t slash = path.rfind('/');
    const int parent = folder_at(slash == 0 ? "/" : path.substr(0, slash));
    const std::string name(path.substr(slash + 1));
    fd.reset(parent < 0
                 ? -1
                 : ::openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (parent >= 0 && !fd && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
      fail_errno("cannot open ", path, " in the container's root file system ", rootfs_.path());
    }
  }
  return folders_.emplace(path, std::move(fd)).first->second.get();
}

const ContainerView::Entry* ContainerView::entry_at(const std::string& path) const {
  const auto known = entries_.find(path);
  if (known != entries_.end()) {
    return known->second.get();
  }
  const std::size_t slash = path.rfind('/');
  const std::string_view above = slash == 0 ? "/" : std::string_view(path).substr(0, slash);
  const int folder = folder_at(above);
  return folder < 0 ? nullptr : entries_.emplace(path, look_up(folder, path)).first->second.get();
}

std::unique_ptr<const ContainerView::Entry> ContainerView::look_up(int folder,
                                                                   const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  const char* name = slash + 1 == path.size() ? "." : path.c_str() + slash + 1;
  Entry entry;
  if (::fstatat(folder, name, &entry.status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) {
      fail_errno("cannot look up ", path, " in the container's root file system ", rootfs_.path());
    }
    return nullptr;
  }
  if (S_ISLNK(entry.status.st_mode)) {
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(folder, name, target, sizeof(target));
    entry.link.assign(target, length > 0 ? static_cast<std::size_t>(length) : 0);
  }
  return std::make_unique<const Entry>(std::move(entry));
}

// Links are followed only where the root file system itself shows.
std::string ContainerView::follow(std::string_view container_path, LastLink last) const {
  const std::size_t slash = container_path.rfind('/');
  const std::string_view name =
      slash == container_path.npos ? std::string_view() : container_path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return walk(container_path, last, container_path);
  }
  std::string path = cat(resolved_folder(container_path), "/", name);
  if (last == LastLink::kKeep || covering(path) != nullptr) {
    return path;
  }
  const Entry* entry = entry_at(path);
  return entry == nullptr || entry->link.empty() ? path
                                                 : walk(container_path, last, container_path);
}

// The folder of a path, its links resolved; "" for the root.
const std::string& ContainerView::resolved_folder(std::string_view container_path) const {
  const std::string_view folder = container_path.substr(0, container_path.rfind('/'));
  auto known = resolved_.find(folder);
  if (known == resolved_.end()) {
    std::string path = walk(folder, LastLink::kFollow, container_path);
    known = resolved_.emplace(folder, path == "/" ? "" : std::move(path)).first;
  }
  return known->second;
}

// `shown`: what was asked for, for messages.
std::string ContainerView::walk(std::string_view container_path, LastLink last,
                                std::string_view shown) const {
  std::vector<std::string> pending;
  queue(pending, container_path);
  std::string path;
  int links = 0;
  while (!pending.empty()) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (name == ".") {
      continue;
    }
    if (name == "..") {
      go_up(path);
      continue;
    }
    path.append("/").append(name);
    if ((pending.empty() && last == LastLink::kKeep) || covering(path) != nullptr) {
      continue;
    }
    const Entry* entry = entry_at(path);
    if (entry != nullptr && !entry->link.empty()) {
      if (++links > kMaxLinks) {
        fail("too many symbolic links at ", shown, " in the container's root file system ",
             rootfs_.path());
      }
      if (entry->link.starts_with('/')) {
        path.clear();
      } else {
        go_up(path);
      }
      queue(pending, entry->link);
    }
  }
  if (path.empty()) {
    path.push_back('/');
  }
  return path;
}

Place ContainerView::locate(std::string_view container_path, LastLink last) const {
  Place place;
  place.path = follow(container_path, last);
  const Target* target = covering(place.path);
  if (target == nullptr) {
    place.inside = place.path;
    return place;
  }
  place.kind = target->mount->bind() ? Place::Kind::kBind : Place::Kind::kVirtual;
  place.mount = target->mount;
  place.inside = place.path.substr(target->path == "/" ? 0 : target->path.size());
  if (place.inside.empty()) {
    place.inside.push_back('/');
  }
  return place;
}

std::string ContainerView::source_of(const SpecMount& mount) const {
  return mount.source.starts_with('/') ? mount.source : cat(bundle_, "/", mount.source);
}

std::optional<struct stat> ContainerView::stat(std::string_view container_path) const {
  return stat(locate(container_path));
}

std::optional<struct stat> ContainerView::stat(const Place& place) const {
  if (place.kind == Place::Kind::kRootfs) {
    const Entry* entry = entry_at(place.inside);
    return entry != nullptr ? std::optional(entry->status) : std::nullopt;
  }
  if (place.kind == Place::Kind::kVirtual) {
    return std::nullopt;
  }
  const std::string source = source_of(*place.mount);
  std::optional<struct stat> status = host_stat(source);
  if (place.inside == "/" || !status || !S_ISDIR(status->st_mode)) {
    return place.inside == "/" ? status : std::nullopt;
  }
  return Rootfs(source).stat(place.inside);
}

std::optional<std::string> ContainerView::read(std::string_view container_path,
                                               std::size_t limit) const {
  const Place place = locate(container_path);
  if (place.kind == Place::Kind::kRootfs) {
    return rootfs_.read(place.inside, limit);
  }
  const std::optional<struct stat> status = stat(container_path);
  if (!status || !S_ISREG(status->st_mode) || static_cast<std::size_t>(status->st_size) > limit) {
    return std::nullopt;
  }
  const std::string source = source_of(*place.mount);
  return place.inside == "/" ? read_file_if_present(source, limit)
                             : Rootfs(source).read(place.inside, limit);
}

std::string ContainerView::read_head(std::string_view container_path, std::size_t size) const {
  const Place place = locate(container_path);
  if (place.kind == Place::Kind::kRootfs) {
    return rootfs_.read_head(place.inside, size);
  }
  const std::optional<struct stat> status = stat(container_path);
  if (!status || !S_ISREG(status->st_mode)) {
    return "";
  }
  const std::string source = source_of(*place.mount);
  if (place.inside != "/") {
    return Rootfs(source).read_head(place.inside, size);
  }
  const std::size_t slash = source.rfind('/');
  return Rootfs(source.substr(0, slash + 1)).read_head(source.substr(slash), size);
}

std::vector<std::string> ContainerView::list(std::string_view container_path) const {
  const Place place = locate(container_path);
  if (place.kind == Place::Kind::kRootfs) {
    return rootfs_.list(place.inside);
  }
  const std::optional<struct stat> status = stat(container_path);
  return status && S_ISDIR(status->st_mode) ? Rootfs(source_of(*place.mount)).list(place.inside)
                                            : std::vector<std::string>();
}

bool ContainerView::has_mounts_below(std::string_view resolved_path) const {
  return std::any_of(targets_.begin(), targets_.end(),
                     [&](const Target& target) { return at_or_below(target.path, resolved_path); });
}

std::vector<ContainerView::Target> ContainerView::mounts_below(
    std::string_view resolved_path) const {
  std::vector<Target> out;
  std::copy_if(targets_.begin(), targets_.end(), std::back_inserter(out),
               [&](const Target& target) { return is_below(target.path, resolved_path); });
  return out;
}

}  // namespace xpu
