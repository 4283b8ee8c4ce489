// SPDX-License-Identifier: Apache-2.0
#include "core/rootfs/rootfs.h"

#include <fcntl.h>
#include <sys/random.h>

#include <climits>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/rootfs/walk.h"

namespace xpu {
namespace {

bool leads_nowhere(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

// Permissions or a read-only file system say no; other errors say nothing about them.
bool is_refusal(int error) {
  return error == EACCES || error == EPERM || error == EROFS;
}

// "/a/b/c" → "/a/b" and "c".
struct Split {
  std::string folder, name;
};

Split split(std::string_view inside) {
  while (inside.size() > 1 && inside.ends_with('/')) {
    inside.remove_suffix(1);
  }
  const std::size_t slash = inside.rfind('/');
  if (slash == std::string_view::npos) {
    return {"/", std::string(inside)};
  }
  return {std::string(slash == 0 ? "/" : inside.substr(0, slash)),
          std::string(inside.substr(slash + 1))};
}

// Only names that a rename can put in place.
Split split_for_writing(std::string_view inside) {
  Split parts = split(inside);
  if (parts.name.empty() || parts.name == "." || parts.name == "..") {
    fail("cannot write ", inside, " in the container's root file system: it names no file");
  }
  return parts;
}

std::string random_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number)) {
    number = static_cast<std::uint64_t>(::getpid());  // taken names are refused, never reused
  }
  return cat(".xpu-", hex64(number));
}

void change_owner(int folder, const std::string& name, unsigned uid, unsigned gid,
                  const std::string& shown) {
  const bool ours = uid == ::geteuid() && gid == ::getegid();
  if (!ours && ::fchownat(folder, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
    fail_errno("cannot give ", shown, " to ", uid, ":", gid);
  }
}

// A folder that was not there; one that somebody else made meanwhile will do.
Fd make_folder(int parent, const std::string& name, unsigned uid, unsigned gid,
               const std::string& shown) {
  const bool made = ::mkdirat(parent, name.c_str(), 0755) == 0;
  if (!made && errno != EEXIST) {
    return Fd();
  }
  if (made) {
    change_owner(parent, name, uid, gid, shown);
  }
  Fd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && !made) {
    fail("cannot create the folder ", shown, ": ", name, " is a link that leads nowhere");
  }
  if (made && fd && ::fchmod(fd.get(), 0755) != 0) {
    fd.reset();
  }
  return fd;
}

}  // namespace

Rootfs::Rootfs(const std::string& path) : path_(path) {
  root_.reset(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root_) {
    fail_errno("cannot open the container's root file system ", path);
  }
}

Fd Rootfs::open(std::string_view inside, int flags) const {
  Fd fd = open_in_root(root_.get(), inside, flags);
  if (!fd && errno != ENOENT && errno != ENOTDIR) {
    fail_errno("cannot open ", inside, " in the container's root file system ", path_);
  }
  return fd;
}

std::optional<struct stat> Rootfs::stat(std::string_view inside) const {
  const Fd fd = open_in_root(root_.get(), inside, O_PATH);
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    if (!leads_nowhere(errno)) {
      fail_errno("cannot look up ", inside, " in the container's root file system ", path_);
    }
    return std::nullopt;
  }
  return status;
}

std::optional<std::string> Rootfs::read_link(std::string_view inside) const {
  const Fd fd = open_in_root(root_.get(), inside, O_PATH | O_NOFOLLOW);
  if (!fd && !leads_nowhere(errno)) {
    fail_errno("cannot look up ", inside, " in the container's root file system ", path_);
  }
  char target[PATH_MAX];
  const ssize_t length = fd ? ::readlinkat(fd.get(), "", target, sizeof(target)) : -1;
  if (length < 0 || length == sizeof(target)) {
    return std::nullopt;
  }
  return std::string(target, static_cast<std::size_t>(length));
}

// Empty when there is no regular file. Opening a device can have effects of its own, so the type is
// looked up first.
Fd Rootfs::open_regular(std::string_view inside, struct stat& status) const {
  const std::optional<struct stat> before = stat(inside);
  if (!before || !S_ISREG(before->st_mode)) {
    return Fd();
  }
  Fd fd = open(inside, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (fd && (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    fd.reset();
  }
  return fd;
}

std::optional<std::string> Rootfs::read(std::string_view inside, std::size_t limit) const {
  struct stat status = {};
  const Fd fd = open_regular(inside, status);
  if (!fd || static_cast<std::size_t>(status.st_size) > limit) {
    return std::nullopt;
  }
  return read_fd(fd.get(), cat(path_, inside), limit);
}

std::string Rootfs::read_head(std::string_view inside, std::size_t size) const {
  struct stat status = {};
  const Fd fd = open_regular(inside, status);
  std::string out(size, '\0');
  const ssize_t got = fd ? ::pread(fd.get(), out.data(), size, 0) : 0;
  if (got < 0) {
    fail_errno("cannot read ", inside, " in the container's root file system ", path_);
  }
  out.resize(static_cast<std::size_t>(got));
  return out;
}

std::vector<std::string> Rootfs::list(std::string_view inside) const {
  const std::optional<struct stat> status = stat(inside);
  if (!status || !S_ISDIR(status->st_mode)) {
    return {};
  }
  const Fd fd = open(inside, O_RDONLY | O_DIRECTORY);
  return fd ? list_dir(fd.get(), cat(path_, inside)) : std::vector<std::string>();
}

bool Rootfs::writable(std::string_view inside) const {
  std::string folder(inside);
  while (true) {
    const Fd fd = open_in_root(root_.get(), folder, O_PATH | O_DIRECTORY);
    if (fd && ::faccessat(fd.get(), ".", W_OK | X_OK, AT_EACCESS) == 0) {
      return true;
    }
    if (is_refusal(errno)) {
      return false;
    }
    if (!leads_nowhere(errno)) {
      fail_errno("cannot look up ", folder, " in the container's root file system ", path_);
    }
    if (folder.empty() || folder == "/") {
      return false;
    }
    folder = split(folder).folder;
  }
}

Fd Rootfs::make_folders(std::string_view inside, unsigned uid, unsigned gid) const {
  const std::string shown = cat(inside, " in the container's root file system ", path_);
  Fd current = open("/", O_RDONLY | O_DIRECTORY);
  std::string prefix;
  std::size_t at = 0;
  while (at < inside.size()) {
    const std::size_t end = std::min(inside.find('/', at), inside.size());
    const std::string name(inside.substr(at, end - at));
    at = end + 1;
    if (name.empty()) {
      continue;
    }
    prefix.append("/").append(name);
    Fd next = open_in_root(root_.get(), prefix, O_RDONLY | O_DIRECTORY);
    if (!next && errno == ENOENT) {
      next = make_folder(current.get(), name, uid, gid, shown);
    }
    if (!next) {
      fail_errno("cannot create the folder ", shown);
    }
    current = std::move(next);
  }
  return current;
}

void Rootfs::write(std::string_view inside, std::string_view bytes, mode_t mode, unsigned uid,
                   unsigned gid) const {
  const Split parts = split_for_writing(inside);
  const Fd folder = open(parts.folder, O_RDONLY | O_DIRECTORY);
  if (!folder) {
    fail("cannot write ", inside, " in the container's root file system ", path_,
         ": its folder does not exist");
  }
  remove_stale_temporaries(folder.get(), parts.name);
  WriteOptions options;
  options.mode = mode;
  options.uid = uid;
  options.gid = gid;
  write_file_atomic(folder.get(), parts.folder == "/" ? path_ : path_ + parts.folder, parts.name,
                    bytes, options);
}

bool Rootfs::symlink(std::string_view inside, const std::string& target, unsigned uid,
                     unsigned gid) const {
  const std::string shown = cat(inside, " in the container's root file system ", path_);
  const Split parts = split_for_writing(inside);
  const Fd folder = open(parts.folder, O_PATH | O_DIRECTORY);
  if (!folder) {
    fail("cannot create the link ", shown, ": its folder does not exist");
  }
  if (::symlinkat(target.c_str(), folder.get(), parts.name.c_str()) == 0) {
    change_owner(folder.get(), parts.name, uid, gid, shown);
    return true;
  }
  if (errno != EEXIST) {
    fail_errno("cannot create the link ", shown);
  }
  const std::optional<std::string> there = read_link(inside);
  if (!there || there == target) {
    return there.has_value();
  }
  const std::string temporary = random_name();
  if (::symlinkat(target.c_str(), folder.get(), temporary.c_str()) != 0) {
    fail_errno("cannot create the link ", shown);
  }
  try {
    change_owner(folder.get(), temporary, uid, gid, shown);
    if (::renameat(folder.get(), temporary.c_str(), folder.get(), parts.name.c_str()) != 0) {
      fail_errno("cannot create the link ", shown);
    }
  } catch (...) {
    ::unlinkat(folder.get(), temporary.c_str(), 0);
    throw;
  }
  return true;
}

}  // namespace xpu
