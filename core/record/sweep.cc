// SPDX-License-Identifier: Apache-2.0
// How a dead record ends. First it is renamed to <name>-<inode>.ended, under the lock of the
// folder, so that no start takes it for its own; then its end is told; then it is removed. Whoever
// is killed between leaves a file that the next sweep finishes: its time is that of the stamp, else
// at most that of the renaming.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/record/files.h"
#include "core/record/format.h"
#include "core/record/record.h"

namespace xpu {
namespace {

using record_files::kEnded;
using record_files::kSuffix;

// What has no record and is older than this was left behind by a start that was killed.
constexpr std::int64_t kOrphanSeconds = 3600;

struct Folder {
  const Fd& fd;
  const std::string& path;
  const OnDead& on_dead;
};

bool older_than(int dirfd, const std::string& name, std::int64_t seconds) {
  struct stat status = {};
  return ::fstatat(dirfd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::time(nullptr) - status.st_mtim.tv_sec > seconds;
}

bool exists(int dirfd, const std::string& name) {
  struct stat status = {};
  return ::fstatat(dirfd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

std::int64_t boot_time() {
  timespec up = {};
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  return static_cast<std::int64_t>(::time(nullptr)) - up.tv_sec;
}

// The last time that something came into the folder or went.
std::int64_t changed(const std::string& folder, std::int64_t otherwise) {
  struct stat status = {};
  return ::stat(folder.c_str(), &status) == 0 ? status.st_mtim.tv_sec : otherwise;
}

// What nobody stamped has ended when it was missed at the latest; before this boot if it is of
// another one, else before its root changed last: its state has gone from there.
void tell(const OnDead& on_dead, const Record& record, std::int64_t missed_unix) {
  if (!on_dead || record.held.empty()) {
    return;
  }
  std::int64_t end = missed_unix;
  if (record.end) {
    end = record.end->unix_time;
  } else if (record.creator.boot_id != boot_id()) {
    end = std::min(end, boot_time());
  } else {
    end = std::min(end, changed(record.runtime_root, end));
  }
  on_dead(record, std::max(end, record.created_unix), !record.end);
}

// True when it was removed.
bool finish_ended(const Folder& folder, const std::string& name) {
  const Fd fd = record_files::open_file(folder.fd.get(), name);
  struct stat status = {};
  // Without a name it was finished by somebody else since it was opened.
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(fd.get(), &status) != 0 ||
      status.st_nlink == 0) {
    return false;
  }
  const std::optional<Record> record = record_from_json(record_files::read(fd, name), name);
  if (!record) {
    return false;
  }
  tell(folder.on_dead, *record, status.st_ctim.tv_sec);
  return ::unlinkat(folder.fd.get(), name.c_str(), 0) == 0;
}

// A record by its name without suffix; true when it was dead and is gone.
bool finish_record(const Folder& folder, const std::string& name) {
  const std::string file = cat(name, kSuffix);
  const Fd fd = record_files::open_file(folder.fd.get(), file);
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return false;
  }
  const std::optional<Record> record = record_from_json(record_files::read(fd, file), file);
  if (!record || Records::live(*record)) {
    return false;
  }
  {
    const Fd locked = record_files::open_locked(folder.path);
    if (!locked || !record_files::put_aside(locked.get(), name, status.st_ino)) {
      return false;
    }
    record_files::remove_tree(locked.get(), name);
  }
  return finish_ended(folder, record_files::ended_name(name, status.st_ino));
}

// A folder of generated files, or what was put away.
bool remove_orphan(const Folder& folder, const std::string& name) {
  if (!older_than(folder.fd.get(), name, kOrphanSeconds)) {
    return false;
  }
  const Fd locked = record_files::open_locked(folder.path);
  if (!locked || exists(locked.get(), cat(name, kSuffix))) {
    return false;
  }
  record_files::remove_tree(locked.get(), name);
  return true;
}

bool sweep_entry(const Folder& folder, const std::vector<std::string>& names,
                 const std::string& name) {
  try {
    if (name.ends_with(kSuffix)) {
      return finish_record(folder, name.substr(0, name.size() - kSuffix.size()));
    }
    if (name.ends_with(kEnded)) {
      return finish_ended(folder, name);
    }
    return !std::binary_search(names.begin(), names.end(), cat(name, kSuffix)) &&
           remove_orphan(folder, name);
  } catch (const Error&) {
    // Not ours to judge; find() puts a damaged record away when its container is asked for.
    return false;
  }
}

Fd open_folder(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

}  // namespace

void Records::sweep(unsigned most, const OnDead& on_dead) noexcept {
  try {
    const Fd fd = open_folder(dir_);
    if (!fd || most == 0) {
      return;
    }
    const Folder folder{fd, dir_, on_dead};
    const std::vector<std::string> names = list_dir(fd.get(), dir_);
    std::uint32_t start = 0;
    if (::getrandom(&start, sizeof start, GRND_NONBLOCK) != sizeof start) {
      start = static_cast<std::uint32_t>(::getpid());
    }
    unsigned removed = 0;
    // Looking costs time too, so a sweep among many live records ends early.
    const std::size_t looks = std::min<std::size_t>(names.size(), std::size_t{2} * most);
    for (std::size_t i = 0; i < looks && removed < most; ++i) {
      removed += sweep_entry(folder, names, names[(start + i) % names.size()]) ? 1 : 0;
    }
  } catch (const std::exception&) {
    // A sweep is a service, never a reason to fail a start.
  }
}

void Records::finish(const std::string& runtime_root, const std::string& id,
                     const OnDead& on_dead) noexcept {
  try {
    const Fd fd = open_folder(dir_);
    if (fd) {
      finish_record({fd, dir_, on_dead}, record_files::name_of(runtime_root, id));
    }
  } catch (const std::exception&) {
    // A later sweep tells.
  }
}

unsigned Records::finish_dead(const OnDead& on_dead) noexcept {
  unsigned removed = 0;
  try {
    const Fd fd = open_folder(dir_);
    if (fd) {
      const std::vector<std::string> names = list_dir(fd.get(), dir_);
      for (const std::string& name : names) {
        removed += sweep_entry({fd, dir_, on_dead}, names, name) ? 1 : 0;
      }
    }
  } catch (const std::exception&) {
    // As above.
  }
  return removed;
}

}  // namespace xpu
