// SPDX-License-Identifier: Apache-2.0
#include "core/base/append.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"

namespace xpu {
namespace {

constexpr mode_t kFolderMode = 0750;
constexpr int kLockTries = 50;
constexpr long kLockPauseNs = 1'000'000;
// How often the file may be another one each time it is looked at.
constexpr int kOpenTries = 20;

struct Target {
  Fd fd;
  struct stat status = {};
  bool made = false;
};

Fd open_folder(const std::string& dir, bool shared) {
  if (!shared) {
    return open_state_dir(dir, kFolderMode);
  }
  if (!dir.starts_with('/')) {
    fail("the folder '", dir, "' must be an absolute path");
  }
  if (::mkdir(dir.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    fail_errno("cannot create the folder ", dir);
  }
  Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    fail_errno("cannot open the folder ", dir);
  }
  return fd;
}

void check(const struct stat& status, const std::string& path) {
  if (!S_ISREG(status.st_mode)) {
    fail("cannot append to ", path, ": it is not a regular file");
  }
  if (status.st_uid != ::geteuid()) {
    fail("cannot append to ", path, ": it belongs to user ", status.st_uid, ", not to user ",
         ::geteuid(), "; move it away");
  }
  if ((status.st_mode & 022) != 0) {
    fail("cannot append to ", path, ": others can write it; run: chmod go-w ", path);
  }
  if (status.st_nlink > 1) {
    fail("cannot append to ", path, ": it has another name too (a hard link); move it away");
  }
}

Target open_target(int folder, const std::string& name, const std::string& path, mode_t mode) {
  // O_NONBLOCK: a FIFO in the place of the file is an error, not a wait.
  constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Target out;
  for (int tries = 0; tries < kOpenTries && !out.fd; ++tries) {
    out.fd.reset(::openat(folder, name.c_str(), kFlags));
    if (out.fd || errno != ENOENT) {
      break;
    }
    out.fd.reset(::openat(folder, name.c_str(), kFlags | O_CREAT | O_EXCL, mode));
    out.made = static_cast<bool>(out.fd);
    if (!out.fd && errno != EEXIST) {
      break;
    }
  }
  if (!out.fd && errno == ELOOP) {
    fail("cannot append to ", path, ": it is a symbolic link; remove it");
  }
  if (!out.fd || ::fstat(out.fd.get(), &out.status) != 0) {
    fail_errno("cannot append to ", path);
  }
  check(out.status, path);
  return out;
}

// Whoever may read the file can hold this lock for as long as they like, so nobody waits for long.
bool lock_briefly(int fd) {
  for (int tries = 0; tries < kLockTries; ++tries) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
      return true;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return false;  // a file system without locks
    }
    const timespec pause{0, kLockPauseNs};
    ::nanosleep(&pause, nullptr);
  }
  return false;
}

// Whether the name still leads to the file; brings its status up to date.
bool still_there(int folder, const std::string& name, Target* target) {
  struct stat named = {};
  return ::fstat(target->fd.get(), &target->status) == 0 &&
         ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         named.st_ino == target->status.st_ino && named.st_dev == target->status.st_dev;
}

bool ends_inside_a_line(const Target& target) {
  char last = '\n';
  return target.status.st_size > 0 &&
         ::pread(target.fd.get(), &last, 1, target.status.st_size - 1) == 1 && last != '\n';
}

ssize_t write_once(int fd, std::string_view bytes) {
  ssize_t n;
  do {
    n = ::write(fd, bytes.data(), bytes.size());
  } while (n < 0 && errno == EINTR);
  return n;
}

void write_whole(int fd, std::string_view bytes, const std::string& path) {
  ssize_t n = write_once(fd, bytes);
  if (n >= 0 && static_cast<std::size_t>(n) < bytes.size()) {
    // The rest, or the reason why there is no room for it.
    bytes.remove_prefix(n);
    errno = ENOSPC;
    n = write_once(fd, bytes);
  }
  if (n < 0 || static_cast<std::size_t>(n) < bytes.size()) {
    fail_errno("cannot write ", path);
  }
}

}  // namespace

bool append_line(const std::string& dir, const std::string& name, std::string_view line,
                 const AppendOptions& options) {
  const std::string path = cat(dir, '/', name);
  const Fd folder = open_folder(dir, options.shared_folder);
  for (int tries = 0; tries < kOpenTries; ++tries) {
    Target target = open_target(folder.get(), name, path, options.mode);
    const bool locked = lock_briefly(target.fd.get());
    if (locked && !still_there(folder.get(), name, &target)) {
      continue;  // somebody began a new file while we waited
    }
    const std::uint64_t size = target.status.st_size;
    if (locked && options.limit != 0 && size != 0 && size + line.size() + 1 > options.limit) {
      const std::string old = cat(name, ".1");
      if (::renameat(folder.get(), name.c_str(), folder.get(), old.c_str()) != 0) {
        fail_errno("cannot rename ", path, " to ", old);
      }
      continue;
    }
    write_whole(target.fd.get(), cat(ends_inside_a_line(target) ? "\n" : "", line, '\n'), path);
    return target.made;
  }
  fail("cannot append to ", path, ": it is replaced all the time");
}

}  // namespace xpu
