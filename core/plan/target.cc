// SPDX-License-Identifier: Apache-2.0
#include "core/plan/target.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <iterator>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/file.h"

namespace xpu {
namespace {

bool fits(const struct stat& status, TargetKind kind) {
  return S_ISDIR(status.st_mode) == (kind == TargetKind::kFolder);
}

Target blocked(std::string path, std::string problem) {
  return {Target::State::kBlocked, std::move(path), "", std::move(problem)};
}

// Whether the low-level runtime can create a mount target in what it mounts itself. Contents of
// other file systems are somebody's data.
bool is_scratch(const SpecMount& mount) {
  if (mount.type == "tmpfs" || mount.type == "ramfs") {
    return true;
  }
  return mount.type == "overlay" &&
         std::any_of(mount.options.begin(), mount.options.end(),
                     [](const std::string& option) { return option.starts_with("upperdir="); });
}

// Overlayfs splits its options at ',' and its layers at ':'.
std::string escape_layer(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '\\' || c == ':' || c == ',') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out;
}

// runc refuses everything below /proc except for a few files that simulate a smaller machine.
bool is_open_in_proc(std::string_view path) {
  constexpr std::string_view kOpen[] = {"/proc/cpuinfo", "/proc/diskstats",
                                        "/proc/meminfo", "/proc/stat",
                                        "/proc/swaps",   "/proc/uptime",
                                        "/proc/loadavg", "/proc/slabinfo",
                                        "/proc/net/dev", "/proc/sys/kernel/ns_last_pid"};
  return contains(kOpen, path);
}

bool in_sysfs(const std::string& path) {
  struct statfs status = {};
  return path.starts_with("/sys/") && ::statfs(path.c_str(), &status) == 0 &&
         status.f_type == SYSFS_MAGIC;
}

// Files, libraries and what CDI files mount come one after the other; each may lie in another's
// folder.
void put_folders_first(std::vector<PlannedMount>& mounts) {
  for (auto mount = mounts.begin(); mount != mounts.end(); ++mount) {
    const auto first = std::find_if(mounts.begin(), mount, [&](const PlannedMount& other) {
      return is_below(other.destination, mount->destination);
    });
    std::rotate(first, mount, std::next(mount));
  }
}

}  // namespace

bool is_mapped(const std::vector<IdMapping>& mappings, unsigned id) {
  return std::any_of(mappings.begin(), mappings.end(), [&](const IdMapping& mapping) {
    return id >= mapping.host_id && id - mapping.host_id < mapping.size;
  });
}

bool Mounts::writable(const std::string& folder) const {
  const auto [place, asked] = writable_.try_emplace(folder, false);
  if (asked) {
    place->second = view_.rootfs().writable(folder);
  }
  return place->second;
}

bool Mounts::has(const std::string& path, const std::string& source) const {
  const auto found = taken_.find(path);
  return found != taken_.end() && found->second == source;
}

bool Mounts::has_below(const std::string& path) const {
  const auto next = taken_.lower_bound(path + "/");
  return next != taken_.end() && next->first.starts_with(path + "/");
}

// The low-level runtime makes mount targets in the container's user namespace. Says why its root
// cannot make them in the folder, or in the nearest one above it; "" when it can.
std::string Mounts::refused_to_mapped_root(const std::string& folder) const {
  if (!spec_.user_namespace || !facts_.caller_is_root || facts_.root_uid == 0) {
    return "";
  }
  std::string nearest = folder;
  std::optional<struct stat> status = view_.rootfs().stat(nearest);
  while (!status && nearest != "/") {
    nearest = folder_of(nearest);
    status = view_.rootfs().stat(nearest);
  }
  const bool owner = status && status->st_uid == facts_.root_uid;
  const bool group = status && status->st_gid == facts_.root_gid;
  const unsigned needed = owner ? 0300U : group ? 030U : 03U;
  if (!status || (status->st_mode & needed) == needed ||
      (is_mapped(spec_.uid_mappings, status->st_uid) &&
       is_mapped(spec_.gid_mappings, status->st_gid))) {
    return "";
  }
  return cat("the container's root (", facts_.root_uid, ":", facts_.root_gid,
             " of the host) cannot write ", nearest, " of the root file system, which belongs to ",
             status->st_uid, ":", status->st_gid, "; give the root file system to it");
}

Target Mounts::missing_in_rootfs(const std::string& path) const {
  const Rootfs& rootfs = view_.rootfs();
  std::string folder = folder_of(path);
  if (writable(folder)) {
    const std::string refused = refused_to_mapped_root(folder);
    return refused.empty() ? Target{Target::State::kReady, path, "", ""} : blocked(path, refused);
  }
  const std::string read_only = "the root file system is read-only and has no " + path;
  while (folder != "/" && !rootfs.stat(folder)) {
    folder = folder_of(folder);
  }
  const std::optional<struct stat> status = rootfs.stat(folder);
  if (folder == "/" || !status || !S_ISDIR(status->st_mode)) {
    return blocked(path, read_only + ", nor a folder for it that could be overlaid");
  }
  if (view_.has_mounts_below(folder)) {
    return blocked(path, cat(read_only, "; mounts of the container lie below ", folder,
                             ", so that it cannot be overlaid"));
  }
  if (spec_.user_namespace && facts_.caller_is_root && facts_.root_uid != 0) {
    return blocked(path, cat(read_only, "; in the container's user namespace ", folder,
                             " cannot be overlaid"));
  }
  return {Target::State::kOverlay, path, std::move(folder), ""};
}

Target Mounts::target(std::string_view container_path, TargetKind kind) const {
  const Place place = view_.locate(container_path);
  if (place.kind == Place::Kind::kVirtual) {
    if (is_scratch(*place.mount)) {
      return {Target::State::kReady, place.path, "", ""};
    }
    return blocked(place.path, cat("nothing can be mounted in the ", place.mount->type,
                                   " mount at ", place.mount->destination));
  }
  const std::optional<struct stat> status = view_.stat(place);
  if (status && !fits(*status, kind)) {
    return blocked(place.path, cat(place.path, " is ", S_ISDIR(status->st_mode) ? "a" : "no",
                                   " folder in the container"));
  }
  if (status) {
    return {Target::State::kReady, place.path, "", ""};
  }
  if (place.kind == Place::Kind::kBind) {
    return blocked(place.path, cat("the volume ", place.mount->source, " at ",
                                   place.mount->destination, " covers it and has no such file"));
  }
  return missing_in_rootfs(place.path);
}

Target Mounts::target_for(const std::string& source, std::string_view container_path,
                          TargetKind kind) const {
  const Place place = view_.locate(container_path);
  if (place.kind != Place::Kind::kVirtual) {
    return target(container_path, kind);
  }
  // Nothing can be made there; both look at one kernel, and what the host shows is there too.
  const std::string folder = place.mount->type == "proc" ? "/proc" : "/sys";
  const bool open = place.mount->type == "proc"
                        ? place.mount->destination == folder && is_open_in_proc(place.path)
                        : place.mount->type == "sysfs" && place.inside != "/" && in_sysfs(source);
  if (!open) {
    return target(container_path, kind);
  }
  struct stat status = {};
  const std::string there = folder + place.inside;
  if (::stat(there.c_str(), &status) != 0 || !fits(status, kind)) {
    return blocked(place.path,
                   cat("there is no such ", kind == TargetKind::kFolder ? "folder" : "file", " in ",
                       place.mount->type));
  }
  return {Target::State::kReady, place.path, "", ""};
}

std::string Mounts::lacks_place(const Target& target, const std::string& source,
                                const std::vector<std::string>& options) const {
  if (!contains(options, "ro")) {
    return "";
  }
  for (const ContainerView::Target& mount : view_.mounts_below(target.path)) {
    struct stat status = {};
    const std::string place = source + mount.path.substr(target.path.size());
    if (::stat(place.c_str(), &status) != 0) {
      return cat("the container's own mount at ", mount.path, " lies in it, and there is no ",
                 place, " for it");
    }
  }
  return "";
}

void Mounts::add(const Target& target, TargetKind kind, const std::string& source,
                 std::vector<std::string> options, const std::string& why,
                 const std::string& type) {
  const auto [place, added] = taken_.try_emplace(target.path, source);
  if (!added && place->second != source) {
    fail("both ", place->second, " and ", source, " would be mounted at ", target.path,
         " of the container; names there are links to one file: remove one of the links");
  }
  if (!added) {
    return;
  }
  if (target.state == Target::State::kOverlay) {
    overlays_[target.folder].emplace(target.path.substr(target.folder.size() + 1), kind);
  }
  mounts_.push_back({source, target.path, type, std::move(options), why});
}

// Not for the same file at the same place, as an engine gives devices to user namespaces.
void Mounts::warn_of_replaced(Plan& plan) const {
  for (const PlannedMount& mount : mounts_) {
    const Place place = view_.locate(mount.destination);
    if (place.mount != nullptr && place.inside == "/" && place.mount->source != mount.source) {
      plan.warnings.push_back(cat("the container's own mount at ", mount.destination,
                                  " is replaced by the driver's ", mount.source));
    }
  }
}

void Mounts::finish(Plan& plan) {
  warn_of_replaced(plan);
  std::vector<PlannedMount> overlays;
  for (const auto& [folder, missing] : overlays_) {
    std::string list = folder;
    for (const auto& [path, kind] : missing) {
      list.append("\n").append(path);
    }
    const std::string stage = "overlay-" + hex64(fnv1a(list));
    for (const auto& [path, kind] : missing) {
      plan.state.push_back(
          {kind == TargetKind::kFolder ? PlannedState::Kind::kFolder : PlannedState::Kind::kFile,
           cat(stage, "/", path), ""});
    }
    overlays.push_back({"overlay",
                        folder,
                        "overlay",
                        {"ro", "nosuid", "nodev", "rprivate",
                         cat("lowerdir=", escape_layer(cat(facts_.state_dir, "/", stage)), ":",
                             escape_layer(view_.rootfs().path() + folder))},
                        "mount targets in a read-only root file system"});
  }
  plan.mounts = std::move(overlays);
  std::move(mounts_.begin(), mounts_.end(), std::back_inserter(plan.mounts));
  put_folders_first(plan.mounts);
  for (PlannedMount& mount : plan.mounts) {
    for (const ContainerView::Target& other : view_.mounts_below(mount.destination)) {
      if (other.path != other.mount->destination) {
        mount.holds.push_back(other.mount->destination);
      }
    }
  }
}

}  // namespace xpu
