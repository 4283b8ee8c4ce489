// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string_view>

#include "core/base/file.h"
#include "core/base/path.h"
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

// Types whose mounts over files of /proc only newer versions of runc refuse.
constexpr std::string_view kUnguarded[] = {"proc", "sysfs", "mqueue", "tmpfs", "cgroup"};

// Options of tmpfs itself, and those that low-level runtimes make flags of.
constexpr std::string_view kTmpfsValues[] = {"size", "nr_blocks", "nr_inodes", "mode",   "uid",
                                             "gid",  "mpol",      "huge",      "context"};
constexpr std::string_view kHugeWords[] = {"never", "always", "within_size", "advise"};
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
                                       "inode32",       "inode64",    "noswap",      "lazytime",
                                       "nolazytime",    "rro",        "rrw",         "rsuid",
                                       "rnosuid",       "rdev",       "rnodev",      "rexec",
                                       "rnoexec",       "rrelatime",  "rnorelatime"};
// Those of runc only: crun's kernel call fails with them.
constexpr std::string_view kFlagsOfRunc[] = {
    "ratime",         "rnoatime",     "rdiratime",   "rnodiratime", "rstrictatime",
    "rnostrictatime", "rnosymfollow", "nosymfollow", "symfollow",   "rsymfollow"};
constexpr std::string_view kTimesOfRunc[] = {"ratime",      "rnoatime",     "rdiratime",
                                             "rnodiratime", "rstrictatime", "rnostrictatime"};
// Takes a link as it is instead of what it leads to.
constexpr std::string_view kCopyLink = "copy-symlink";

template <class Words>
bool is_among(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool is_below(std::string_view path, std::string_view folder) {
  return folder == "/" ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

struct Mount {
  Place place;
  std::string written;      // the destination as it stands there
  std::string destination;  // as the container knows it
  std::string type, source;
  std::vector<std::string> options;

  explicit Mount(const Place& where)
      : place(where),
        written(where.text("destination").value_or("")),
        destination(written.empty() ? "" : cleaned(written)),
        type(where.text("type").value_or("")),
        source(where.text("source").value_or("")) {
    for (const Place& option : where.elements("options")) {
      options.push_back(option.text().value_or(""));
    }
  }
  bool has(std::string_view option) const { return is_among(options, option); }
  bool binds() const { return has("bind") || has("rbind"); }
};

// A number as the kernel reads it, in decimal, octal or hexadecimal digits; what follows it.
std::optional<std::string_view> behind_number(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  text.remove_prefix(hex ? 2 : 0);
  const std::size_t digits =
      std::min(text.find_first_not_of(hex ? "0123456789abcdefABCDEF" : "0123456789"), text.size());
  return digits == 0 ? std::nullopt : std::optional(text.substr(digits));
}

// "512k", "0x10000", "1p", "50%"
bool is_size(std::string_view text, std::string_view units) {
  if (text == "%" && units.ends_with('%')) {
    return true;
  }
  const std::optional<std::string_view> unit = behind_number(text);
  return unit && (unit->empty() || (unit->size() == 1 && units.find(unit->front()) != units.npos));
}

// What is wrong with the value of an option; "" for nothing.
const char* mistake_in_value(std::string_view name, std::string_view value) {
  if (name == "size") {
    return is_size(value, "kKmMgGtTpPeE%") ? "" : " is no size";
  }
  if (name == "nr_blocks" || name == "nr_inodes") {
    return is_size(value, "kKmMgGtTpPeE") ? "" : " is no size";
  }
  if (name == "uid" || name == "gid") {
    const std::optional<std::string_view> rest = behind_number(value);
    return rest && rest->empty() ? "" : " is no number";
  }
  if (name == "huge") {
    return is_among(kHugeWords, value) ? "" : " is none of never, always, within_size and advise";
  }
  if (name == "mode") {
    return !value.empty() && value.find_first_not_of("01234567") == value.npos
               ? ""
               : " is no mode in octal digits";
  }
  return "";
}

bool is_tmpfs_flag(const Mount& mount, std::string_view option) {
  // Numbers of users are mapped where the mount says how.
  const bool maps = (option == "idmap" || option == "ridmap") && mount.place.get("uidMappings");
  return option.empty() || maps || is_among(kFlags, option);
}

void check_tmpfs_option(const Mount& mount, const Place& where, Findings& out) {
  const std::string option = where.text().value_or("");
  const std::size_t equals = option.find('=');
  const std::string_view name = std::string_view(option).substr(0, equals);
  if (equals == option.npos) {
    if (!is_tmpfs_flag(mount, option)) {
      out.add_as_seen(is_among(kFlagsOfRunc, option) ? Refuses::kCrun : Refuses::kBoth,
                      where.path(), quoted(option), " is no option of tmpfs");
    }
  } else if (!is_among(kTmpfsValues, name)) {
    out.add(Refuses::kBoth, where.path(), quoted(option), " is no option of tmpfs");
  } else if (const std::string_view mistake =
                 mistake_in_value(name, std::string_view(option).substr(equals + 1));
             !mistake.empty()) {
    out.add(Refuses::kBoth, where.path(), quoted(option), mistake);
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
      out.add(Refuses::kBoth, "mounts", "is missing or empty; most programs need /proc");
    } else if (destinations_.count(std::string(kProc)) == 0) {
      // runc looks into it for what to close.
      const std::optional<Look> own = look_in_root(host, "/proc/self/fd");
      out.add(own && own->there ? Refuses::kNobody : Refuses::kRunc, "mounts",
              "has no /proc, which most programs need");
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
    destinations_.insert(mount.destination);
  }

  void check_destination(const Mount& mount) {
    const std::string path = mount.place.path_of("destination");
    const std::string& destination = mount.destination;
    if (destination.empty()) {
      out_.add(Refuses::kBoth, path, "is missing or empty");
      return;
    }
    if (mount.written.front() != '/') {
      out_.add(Refuses::kNobody, path, quoted(mount.written),
               " is not an absolute path, which is deprecated");
    }
    if (destination.find('\0') != destination.npos) {
      out_.add(Refuses::kRunc, path, "holds a NUL character");
    }
    const bool covers = destination == kProc && mount.type != "proc" && mount.binds() &&
                        !mount.source.starts_with(kProc);
    if (covers || (is_below(destination, kProc) && !is_among(kCoverable, destination))) {
      const bool unguarded = !mount.binds() && is_among(kUnguarded, mount.type);
      out_.add(unguarded ? Refuses::kNobody : Refuses::kRunc, path, quoted(destination),
               unguarded ? " is in /proc, and runc refuses to cover it from 1.2 on"
                         : " may not be covered by a mount: it is in /proc");
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
    for (const Place& option : mount.place.elements("options")) {
      if (is_among(kTimesOfRunc, option.text().value_or(""))) {
        out_.add_as_seen(Refuses::kCrun, option.path(), quoted(*option.text()),
                         " cannot be set by crun 1.8");
      }
    }
    if (!host_.look || (!host_.coming.empty() && is_below(mount.source, host_.coming))) {
      return;
    }
    const std::string source =
        mount.source.front() == '/' ? mount.source : cat(host_.bundle, '/', mount.source);
    const Look found = look_at(source);
    struct stat link = {};
    const bool dangles = !found.there && ::lstat(source.c_str(), &link) == 0;
    if (found.known && !found.there && dangles && mount.has(kCopyLink)) {
      out_.add(Refuses::kRunc, path, quoted(mount.source),
               " is a link that leads nowhere, which crun copies from 1.9 on");
    } else if (found.known && !found.there) {
      out_.add(Refuses::kBoth, path, quoted(mount.source),
               dangles ? " is a link that leads nowhere" : " does not exist on this host",
               mount.source.front() == '/' ? "" : cat(" (in ", host_.bundle, ")"));
    } else if (found.there) {
      check_kind(mount, S_ISDIR(found.status.st_mode));
    }
  }

  // A folder cannot be mounted over a file, nor a file over a folder.
  void check_kind(const Mount& mount, bool folder) {
    bool covered = destinations_.count("/") != 0;
    for (std::string at = mount.destination; at != "/" && !covered; at = folder_of(at)) {
      covered = destinations_.count(at) != 0;
    }
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
      for (const Place& option : mount.place.elements("options")) {
        check_tmpfs_option(mount, option, out_);
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
  std::set<std::string> destinations_;  // of the mounts so far
};

}  // namespace

void check_mounts(const Place& document, const Host& host, Findings& out) {
  Checker(document, host, out);
}

}  // namespace xpu::check
