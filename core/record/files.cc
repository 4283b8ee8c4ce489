// SPDX-License-Identifier: Apache-2.0
#include "core/record/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/base/trust.h"

namespace xpu::record_files {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr std::chrono::seconds kLockWait{10};

}  // namespace

std::string name_of(const std::string& runtime_root, const std::string& id) {
  return hex64(fnv1a(id, fnv1a(std::string_view("\0", 1), fnv1a(runtime_root))));
}

Fd open_file(int dirfd, const std::string& path) {
  return Fd(
      ::openat(dirfd, path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

std::string read(const Fd& fd, const std::string& path) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) {
    fail_errno("cannot read ", path);
  }
  if (!trusted_owner(status.st_uid) || (status.st_mode & 022) != 0) {
    fail("others can write ", path);
  }
  return read_fd(fd.get(), path, kMaxBytes);
}

void remove_tree(int dirfd, const std::string& name) {
  if (::unlinkat(dirfd, name.c_str(), 0) == 0 || errno == ENOENT) {
    return;
  }
  const Fd folder(::openat(dirfd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder) {
    for (const std::string& entry : list_dir(folder.get(), name)) {
      remove_tree(folder.get(), entry);
    }
    ::unlinkat(dirfd, name.c_str(), AT_REMOVEDIR);
  }
}

void lock(const Fd& folder, const std::string& dir) {
  if (!lock_within(folder.get(), kLockWait, dir.c_str())) {
    fail("cannot lock ", dir, ": another process has held it for ", kLockWait.count(),
         " seconds; see which one: fuser -v ", dir);
  }
}

Fd open_locked(const std::string& dir) {
  Fd folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder) {
    lock(folder, dir);
  }
  return folder;
}

std::string ended_name(const std::string& name, std::uint64_t inode) {
  return cat(name, '-', hex64(inode), kEnded);
}

bool put_aside(int folder, const std::string& name, std::uint64_t inode) {
  const std::string file = cat(name, kSuffix);
  struct stat status = {};
  return ::fstatat(folder, file.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         status.st_ino == inode &&
         ::renameat(folder, file.c_str(), folder, ended_name(name, inode).c_str()) == 0;
}

}  // namespace xpu::record_files
