// SPDX-License-Identifier: Apache-2.0
// A container's file tree as its processes will see it: the root file system with the spec's own
// mounts over it. The container does not run yet, so paths are looked up through the mounts.
#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/oci/spec.h"
#include "core/rootfs/rootfs.h"

namespace xpu {

// What lies at a container path.
struct Place {
  enum class Kind {
    kRootfs,   // in the root file system
    kBind,     // in a bind mount of the spec: a folder or file of the host
    kVirtual,  // in tmpfs, proc, sysfs, devpts, overlay, ... that the runtime mounts
  } kind = Kind::kRootfs;
  const SpecMount* mount = nullptr;  // with kBind and kVirtual: the last mount that covers the path
  std::string
      inside;        // path below the root or below the mount's source, "/..."; "/" is that itself
  std::string path;  // the container path, its links resolved
};

enum class LastLink { kFollow, kKeep };

class ContainerView {
 public:
  // `bundle` makes relative sources absolute. Spec must be loaded and outlive the view.
  ContainerView(const Spec& spec, const Rootfs& rootfs, std::string bundle);

  const Rootfs& rootfs() const { return rootfs_; }
  // Follows links of the root file system (not of bind sources) before it looks for a mount. The
  // path need not exist. Throws Error for a loop of links.
  Place locate(std::string_view container_path, LastLink last = LastLink::kFollow) const;
  // Reads through mounts of kBind (opened on the host, the source is the engine's own choice; links
  // in it do not lead out of it) and the root file system; nothing is found in kVirtual.
  std::optional<struct stat> stat(std::string_view container_path) const;
  // The same of what locate() has found.
  std::optional<struct stat> stat(const Place& place) const;
  std::optional<std::string> read(std::string_view container_path, std::size_t limit) const;
  // The first bytes of a regular file, at most `size`; "" when there is none.
  std::string read_head(std::string_view container_path, std::size_t size) const;
  // Names in a folder; empty when there is none.
  std::vector<std::string> list(std::string_view container_path) const;
  // True when a mount of the spec lies at the path or below it.
  bool has_mounts_below(std::string_view resolved_path) const;
  struct Target {
    std::string path;  // the mount's destination, links resolved
    const SpecMount* mount;
  };
  // The mounts of the spec that lie below the path.
  std::vector<Target> mounts_below(std::string_view resolved_path) const;

 private:
  const Target* covering(std::string_view path) const;
  std::string follow(std::string_view container_path, LastLink last) const;
  std::string walk(std::string_view container_path, LastLink last, std::string_view shown) const;
  const std::string& resolved_folder(std::string_view container_path) const;
  // What lies in the root file system at a path whose folders are no links.
  struct Entry {
    struct stat status = {};
    std::string link;  // where it leads, when it is a symbolic link
  };
  const Entry* entry_at(const std::string& path) const;
  std::unique_ptr<const Entry> look_up(int folder, const std::string& path) const;
  int folder_at(std::string_view path) const;
  std::string source_of(const SpecMount& mount) const;

  const Rootfs& rootfs_;
  std::string bundle_;
  std::vector<Target> targets_;  // in mount order
  // A start asks for hundreds of names in a few folders: these are found and opened once, and each
  // name is looked up once, by one system call in its folder.
  mutable std::map<std::string, std::string, std::less<>> resolved_;  // as asked for → no links
  mutable std::map<std::string, Fd, std::less<>> folders_;
  mutable std::unordered_map<std::string, std::unique_ptr<const Entry>> entries_;  // null: nothing
};

}  // namespace xpu
