// SPDX-License-Identifier: Apache-2.0
#include "core/attribution/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

#include "core/base/error.h"
#include "core/base/fd.h"

namespace xpu {
namespace {

constexpr std::size_t kMostFiles = 8192, kMostCgroups = 1024, kMostBytes = std::size_t{1} << 20;
constexpr unsigned kDeepest = 16;

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;
Folder open_folder(const std::string& path) {
  return {::opendir(path.c_str()), ::closedir};
}

std::optional<int> number_of(std::string_view text) {
  int out = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && stop == text.data() + text.size() && out >= 0 ? std::optional(out)
                                                                               : std::nullopt;
}

bool read_whole(const std::string& path, std::string* out) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    return false;
  }
  char buffer[8192];
  for (ssize_t got = 0; (got = ::read(fd.get(), buffer, sizeof buffer)) > 0;) {
    out->append(buffer, static_cast<std::size_t>(got));
    if (out->size() > kMostBytes) {
      break;
    }
  }
  return true;
}

class Walk {
 public:
  std::optional<std::set<int>> of(const std::string& folder) {
    if (!add(folder)) {
      return std::nullopt;
    }
    below(folder, 0);
    return std::move(pids_);
  }

 private:
  bool add(const std::string& folder) {
    std::string text;
    if (!read_whole(folder + "/cgroup.procs", &text)) {
      return false;
    }
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (const std::optional<int> pid = number_of(rest.substr(0, end)); pid && *pid > 0) {
        pids_.insert(*pid);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return true;
  }

  void below(const std::string& folder, unsigned depth) {
    // A folder of cgroups has a link for itself, one for its name, and one for each below it.
    struct stat status = {};
    if (depth == kDeepest || ::stat(folder.c_str(), &status) != 0 || status.st_nlink == 2) {
      return;
    }
    const Folder list = open_folder(folder);
    while (const dirent* const entry = list ? ::readdir(list.get()) : nullptr) {
      const std::string_view name = entry->d_name;
      if (entry->d_type != DT_DIR || name == "." || name == ".." || ++cgroups_ > kMostCgroups) {
        continue;
      }
      const std::string child = cat(folder, '/', name);
      add(child);
      below(child, depth + 1);
    }
  }

  std::set<int> pids_;
  std::size_t cgroups_ = 0;
};

}  // namespace

std::string small_file(const std::string& path) {
  std::string out;
  read_whole(path, &out);
  return out;
}

std::optional<std::set<int>> processes_in(const std::string& cgroup_folder) {
  return Walk().of(cgroup_folder);
}

std::uint64_t open_file_count(const std::string& proc, int pid) {
  struct stat status = {};
  return ::stat(cat(proc, '/', pid, "/fd").c_str(), &status) == 0
             ? static_cast<std::uint64_t>(status.st_size)
             : 0;
}

OpenFiles open_devices(const std::string& proc, int pid, const std::set<DeviceNumber>& devices) {
  OpenFiles out;
  const Folder list = open_folder(cat(proc, '/', pid, "/fd"));
  while (const dirent* const entry = list ? ::readdir(list.get()) : nullptr) {
    const std::optional<int> fd = number_of(entry->d_name);
    if (!fd) {
      continue;
    }
    if (++out.count > kMostFiles) {
      break;
    }
    // What the file system has at hand: a server that does not answer is not waited for.
    struct statx status = {};
    if (::statx(::dirfd(list.get()), entry->d_name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
                STATX_TYPE, &status) != 0 ||
        (!S_ISCHR(status.stx_mode) && !S_ISBLK(status.stx_mode))) {
      continue;
    }
    const DeviceNumber number = device_number(S_ISBLK(status.stx_mode) ? 'b' : 'c',
                                              status.stx_rdev_major, status.stx_rdev_minor);
    if (devices.contains(number)) {
      out.devices.push_back({*fd, number});
    }
  }
  return out;
}

}  // namespace xpu
