// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include "core/base/file.h"
#include "core/oci/check.h"

namespace xpu::check {
namespace {

constexpr std::string_view kProc = "/proc";

// The only files of /proc that runc lets a mount cover.
constexpr std::string_view kCoverable[] = {"/proc/cpuinfo", "/proc/diskstats",
                                           "/proc/meminfo", "/proc/stat",
                                           "/proc/swaps",   "/proc/uptime",
                                           "/proc/loadavg", "/proc/slabinfo",
                                           "/proc/net/dev", "/proc/sys/kernel/ns_last_pid"};

// Options of tmpfs itself, and those that low-level runtimes make flags of.
constexpr std::string_view kTmpfsValues[] = {"size", "nr_blocks", "nr_inodes", "mode",   "uid",
                                             "gid",  "mpol",      "huge",      "context"};
constexpr std::string_view kFlags[] = {"defaults",      "ro",         "rw",          "suid",
                                       "nosuid",        "dev",        "nodev",       "exec",
                                       "noexec",        "sync",       "async",       "dirsync",
                                       "remount",       "mand",       "nomand",      "atime",
                                       "noatime",       "diratime",   "nodiratime",  "bind",
                                       "rbind",         "unbindable", "runbindable", "private",
                                       "rprivate",      "shared",     "rshared",     "slave",
                                       "rslave",        "relatime",   "norelatime",  "strictatime",
                                       "nostrictatime", "silent",     "loud",        "iversion",
                                       "noiversion",    "acl",        "noacl",       "tmpcopyup",
                                       "inode32",       "inode64",    "noswap",      "copy-symlink",
                                       "rro",           "rrw",        "lazytime",    "nolazytime",
                                       "nosymfollow",   "symfollow",  "idmap"};

template <class Words>
bool is_among(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string clean(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

bool is_below(std::string_view path, std::string_view folder) {
  return folder == "/" ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

struct Mount {
  Place place;
  std::string destination, type, source;
  std::vector<std::string> options;

  explicit Mount(const Place& where)
      : place(where),
        destination(clean(where.text("destination").value_or(""))),
        type(where.text("type").value_or("")),
        source(where.text("source").value_or("")) {
    for (const Place& option : where.elements("options")) {
      options.push_back(option.text().value_or(""));
    }
  }
  bool has(std::string_view option) const { return is_among(options, option); }
  bool binds() const { return has("bind") || has("rbind"); }
};

// "512k", "50%"
bool is_size(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  return digits > 0 &&
         (unit.empty() || (unit.size() == 1 &&
                           std::string_view("kKmMgGtT%").find(unit[0]) != std::string_view::npos));
}

void check_tmpfs_option(const Mount& mount, std::size_t index, Findings& out) {
  const std::string& option = mount.options[index];
  const std::string path = cat(mount.place.path_of("options"), '[', index, ']');
  const std::size_t equals = option.find('=');
  const std::string_view name = std::string_view(option).substr(0, equals);
  if (equals == option.npos ? !option.empty() && !is_among(kFlags, option)
                            : !is_among(kTmpfsValues, name)) {
    out.add(Refuses::kBoth, path, quoted(option), " is no option of tmpfs");
    return;
  }
  if (equals == option.npos) {
    return;
  }
  const std::string_view value = std::string_view(option).substr(equals + 1);
  if ((name == "size" || name == "nr_blocks" || name == "nr_inodes") && !is_size(value)) {
    out.add(Refuses::kBoth, path, quoted(option), " is no size");
  }
  if (name == "mode" && (value.empty() || value.find_first_not_of("01234567") != value.npos)) {
    out.add(Refuses::kBoth, path, quoted(option), " is no mode in octal digits");
  }
}

class Checker {
 public:
  Checker(const Place& document, const Host& host, Findings& out) : host_(host), out_(out) {
    if (host.look) {
      file_systems_ = read_file_if_present("/proc/filesystems", 65536).value_or("");
    }
    const std::vector<Place> mounts = document.elements("mounts");
    for (const Place& mount : mounts) {
      if (mount.value().is_object()) {
        check(Mount(mount));
      }
    }
    if (mounts.empty()) {
      out.add(Refuses::kCrun, "mounts", "is missing or empty; most programs need /proc");
    } else if (!is_among(destinations_, kProc)) {
      out.add(Refuses::kNobody, "mounts", "has no /proc, which most programs need");
    }
  }

 private:
  void check(const Mount& mount) {
    check_destination(mount);
    if (mount.binds()) {
      check_bind(mount);
    } else if (mount.type == "bind") {
      out_.add(Refuses::kBoth, mount.place.path_of("options"),
               "a mount of the type \"bind\" needs the option \"bind\" or \"rbind\"");
    } else {
      check_type(mount);
    }
    destinations_.push_back(mount.destination);
  }

  void check_destination(const Mount& mount) {
    const std::string path = mount.place.path_of("destination");
    const std::string& destination = mount.destination;
    if (destination.empty()) {
      out_.add(Refuses::kBoth, path, "is missing or empty");
      return;
    }
    if (destination.front() != '/') {
      out_.add(Refuses::kNobody, path, quoted(destination),
               " is not an absolute path, which is deprecated");
    }
    if (destination.find('\0') != destination.npos) {
      out_.add(Refuses::kRunc, path, "holds a NUL character");
    }
    const bool covers = destination == kProc && mount.type != "proc" && mount.binds() &&
                        !mount.source.starts_with(kProc);
    if (covers || (is_below(destination, kProc) && !is_among(kCoverable, destination))) {
      out_.add(Refuses::kRunc, path, quoted(destination),
               " may not be covered by a mount: it is in /proc");
    }
  }

  void check_bind(const Mount& mount) {
    const std::string path = mount.place.path_of("source");
    if (mount.source.empty()) {
      out_.add(Refuses::kCrun, path, "is missing or empty; a bind mount needs what it shows");
      return;
    }
    if (mount.source.find('\0') != mount.source.npos) {
      out_.add(Refuses::kRunc, path, "holds a NUL character");
      return;
    }
    if (!host_.look) {
      return;
    }
    const std::string source =
        mount.source.front() == '/' ? mount.source : cat(host_.bundle, '/', mount.source);
    const Look found = look_at(source);
    if (found.known && !found.there) {
      out_.add(Refuses::kBoth, path, quoted(mount.source), " does not exist on this host",
               mount.source.front() == '/' ? "" : cat(" (in ", host_.bundle, ")"));
    } else if (found.there) {
      check_kind(mount, S_ISDIR(found.status.st_mode));
    }
  }

  // A folder cannot be mounted over a file, nor a file over a folder.
  void check_kind(const Mount& mount, bool folder) {
    const bool covered =
        std::any_of(destinations_.begin(), destinations_.end(), [&](const std::string& earlier) {
          return mount.destination == earlier || is_below(mount.destination, earlier);
        });
    const std::optional<Look> target =
        covered ? std::nullopt : look_in_root(host_, mount.destination);
    if (target && target->there && S_ISDIR(target->status.st_mode) != folder) {
      out_.add(Refuses::kBoth, mount.place.path_of("source"), quoted(mount.source), " is ",
               folder ? "a folder" : "a file", ", and ", mount.destination, " in the image is ",
               folder ? "a file" : "a folder");
    }
  }

  void check_type(const Mount& mount) {
    const std::string path = mount.place.path_of("type");
    if (mount.type.empty()) {
      out_.add(mount.has("remount") ? Refuses::kCrun : Refuses::kBoth, path,
               "is missing; only a mount with the option \"bind\" or \"rbind\" needs none");
      return;
    }
    if (mount.type == "tmpfs") {
      for (std::size_t i = 0; i < mount.options.size(); ++i) {
        check_tmpfs_option(mount, i, out_);
      }
    }
    // "cgroup" is whatever the host has of them.
    if (!file_systems_.empty() && mount.type != "cgroup" &&
        file_systems_.find(cat('\t', mount.type, '\n')) == file_systems_.npos) {
      out_.add(Refuses::kNobody, path, quoted(mount.type),
               " is no file system that the kernel has now; it may load a module for it");
    }
  }

  const Host& host_;
  Findings& out_;
  std::string file_systems_;
  std::vector<std::string> destinations_;  // of the mounts so far
};

}  // namespace

void check_mounts(const Place& document, const Host& host, Findings& out) {
  Checker(document, host, out);
}

}  // namespace xpu::check
