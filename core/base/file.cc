// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/base/platform.h"
#include "core/base/trust.h"

namespace xpu {
namespace {

constexpr std::string_view kTemporaryMark = ".xpu-";
constexpr std::size_t kHexDigits = 16;

std::string temporary_prefix(const std::string& name) {
  return cat('.', name, kTemporaryMark);
}

std::string random_suffix() {
  std::uint64_t number = 0;
  if (!platform::random_bytes(&number, sizeof number)) {
    // Early in boot. O_EXCL makes a name that is taken harmless.
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    number = fnv1a(cat(now.tv_sec, ' ', now.tv_nsec, ' ', ::getpid()));
  }
  return hex64(number);
}

bool is_temporary_of(const std::string& entry, const std::string& name) {
  if (entry.front() != '.') {
    return false;
  }
  const std::string prefix = temporary_prefix(name);
  return entry.size() == prefix.size() + kHexDigits && entry.starts_with(prefix) &&
         entry.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) {
      fail_errno("cannot write ", path);
    }
    bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
}

// A new file that is gone again unless commit() gave it its final name.
class Temporary {
 public:
  Temporary(int dirfd, const std::string& dir, const std::string& name)
      : dirfd_(dirfd), path_(cat(dir, '/', name)) {
    for (int tries = 0; tries < 100; ++tries) {
      temporary_ = temporary_prefix(name) + random_suffix();
      fd_.reset(::openat(dirfd_, temporary_.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      if (!fd_ && errno == EEXIST) {
        continue;
      }
      if (!fd_) {
        fail_errno("cannot create a temporary file in ", dir);
      }
      // The lock tells remove_stale_temporaries() that the writer lives. It may have been quicker.
      struct stat st {};
      ::flock(fd_.get(), LOCK_EX);
      if (::fstat(fd_.get(), &st) == 0 && st.st_nlink == 1) {
        uid_ = st.st_uid;
        gid_ = st.st_gid;
        mode_ = st.st_mode & 07777;
        return;
      }
    }
    fail("cannot create a temporary file in ", dir, ": every name that was tried is taken");
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!temporary_.empty()) {
      ::unlinkat(dirfd_, temporary_.c_str(), 0);
    }
  }

  void fill(std::string_view bytes, const WriteOptions& options) {
    write_all(fd_.get(), bytes, path_);
    const uid_t uid = options.uid.value_or(uid_);
    const gid_t gid = options.gid.value_or(gid_);
    // Who is not root cannot give a file to a group that they are not in; it stays their own then.
    if ((uid != uid_ || gid != gid_) && ::fchown(fd_.get(), uid, gid) != 0 &&
        (errno != EPERM || uid != uid_)) {
      fail_errno("cannot give ", path_, " to user ", uid, ", group ", gid);
    }
    // Before the mode, which may take the right to write away.
    if (options.attributes_of >= 0) {
      const std::string lost = platform::copy_attributes(options.attributes_of, fd_.get());
      if (options.all_attributes && !lost.empty()) {
        fail_errno("cannot replace ", path_, ", as its attribute ", lost, " would be lost");
      }
    }
    const bool other = mode_ != (options.mode & 07777) || options.attributes_of >= 0;
    if (other && ::fchmod(fd_.get(), options.mode & 07777) != 0) {
      fail_errno("cannot set the mode of ", path_);
    }
    if (options.sync && ::fsync(fd_.get()) != 0) {
      fail_errno("cannot write ", path_);
    }
  }

  void commit(const std::string& name) {
    // Network file systems report a full disk here.
    if (::close(fd_.release()) != 0) {
      fail_errno("cannot write ", path_);
    }
    if (::renameat(dirfd_, temporary_.c_str(), dirfd_, name.c_str()) != 0) {
      fail_errno("cannot replace ", path_);
    }
    temporary_.clear();
  }

 private:
  int dirfd_;
  std::string path_;
  std::string temporary_;
  Fd fd_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  mode_t mode_ = 0;
};

void make_dir(int parent, const std::string& path, mode_t mode) {
  if (::mkdirat(parent, file_name_of(path).c_str(), mode) != 0 && errno != EEXIST) {
    fail_errno("cannot create the folder ", path);
  }
}

// The folder that is to hold a state folder; made when only its own parent is there.
Fd open_or_make_parent(const std::string& path, mode_t mode) {
  Fd parent = open_trusted(path, TrustKind::kParent);
  if (!parent && path != "/") {
    const Fd grand = open_trusted(folder_of(path), TrustKind::kParent);
    if (!grand) {
      fail("cannot create the folder ", path, ": ", folder_of(path), " does not exist");
    }
    make_dir(grand.get(), path, mode);
    parent = open_trusted(path, TrustKind::kParent);
  }
  if (!parent) {
    fail("cannot create the folder ", path, ": it is not a folder or was removed meanwhile");
  }
  return parent;
}

}  // namespace

std::string read_fd(int fd, const std::string& path, std::size_t limit) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) {
    fail_errno("cannot read ", path);
  }
  if (!S_ISREG(st.st_mode)) {
    fail("cannot read ", path, ": it is not a regular file");
  }
  std::string bytes;
  std::size_t used = 0;
  // One byte more than the file claims to have: when that one stays empty, it has kept its word.
  const std::size_t claimed = st.st_size > 0 ? st.st_size : 0;
  bytes.resize(std::min<std::size_t>(claimed > 0 ? claimed : 4095, limit) + 1);
  for (;;) {
    const ssize_t n = ::pread(fd, bytes.data() + used, bytes.size() - used, used);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      fail_errno("cannot read ", path);
    }
    used += n;
    if (used > limit) {
      fail("cannot read ", path, ": it is larger than ", limit, " bytes");
    }
    if (n == 0 || used == claimed) {
      break;
    }
    if (used == bytes.size()) {
      bytes.resize(std::min(bytes.size() * 2, limit + 1));
    }
  }
  bytes.resize(used);
  return bytes;
}

std::optional<std::string> read_file_if_present(const std::string& path, std::size_t limit) {
  // O_NONBLOCK: a FIFO in the place of a file is an error, not a wait.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) {
    return std::nullopt;
  }
  if (!fd) {
    fail_errno("cannot read ", path);
  }
  return read_fd(fd.get(), path, limit);
}

std::string read_file(const std::string& path, std::size_t limit) {
  std::optional<std::string> bytes = read_file_if_present(path, limit);
  if (!bytes) {
    fail_errno("cannot read ", path);
  }
  return std::move(*bytes);
}

void write_file_atomic(int dirfd, const std::string& dir, const std::string& name,
                       std::string_view bytes, const WriteOptions& options) {
  Temporary temporary(dirfd, dir, name);
  temporary.fill(bytes, options);
  temporary.commit(name);
  if (options.sync) {
    // The new file is in place; after a crash the old or the new one is there, whatever this says.
    const Fd folder(::openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ::fsync(folder.get());
  }
}

void remove_stale_temporaries(int dirfd, const std::string& name) {
  remove_stale_temporaries(dirfd, std::vector<std::string>{name});
}

void remove_stale_temporaries(int dirfd, const std::vector<std::string>& names) {
  for (const std::string& entry : list_dir(dirfd, names.front())) {
    const bool temporary = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return is_temporary_of(entry, name);
    });
    if (!temporary) {
      continue;
    }
    const Fd fd(
        ::openat(dirfd, entry.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      ::unlinkat(dirfd, entry.c_str(), 0);
    }
  }
}

Fd open_state_dir(const std::string& path, mode_t mode) {
  if (path.size() < 2 || path.front() != '/' || path.back() == '/') {
    fail("the state folder '", path, "' must be an absolute path without a slash at its end");
  }
  const Fd parent = open_or_make_parent(folder_of(path), mode);
  make_dir(parent.get(), path, mode);
  Fd fd(::openat(parent.get(), file_name_of(path).c_str(),
                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ENOTDIR || errno == ELOOP)) {
    fail("the state folder ", path, " is a symbolic link or no folder; remove it");
  }
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0) {
    fail_errno("cannot open the state folder ", path);
  }
  if (st.st_uid != ::geteuid()) {
    fail("the state folder ", path, " belongs to user ", st.st_uid, ", not to user ", ::geteuid(),
         "; remove it or run: chown ", ::geteuid(), ' ', path);
  }
  if ((st.st_mode & 022) != 0) {
    fail("the state folder ", path, " can be written by others; run: chmod go-w ", path);
  }
  return fd;
}

std::vector<std::string> list_dir(int dirfd, const std::string& path) {
  // A descriptor of its own: the caller's keeps its position.
  Fd fd(::openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* dir = fd ? ::fdopendir(fd.get()) : nullptr;
  if (dir == nullptr) {
    fail_errno("cannot list the folder ", path);
  }
  fd.release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
    errno = 0;
  }
  const int number = errno;
  ::closedir(dir);
  if (number != 0) {
    errno = number;
    fail_errno("cannot list the folder ", path);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string absolute_path(const std::string& path) {
  std::string whole = path;
  if (!path.starts_with('/')) {
    char folder[4096];
    if (::getcwd(folder, sizeof folder) == nullptr) {
      fail_errno("cannot tell the working directory");
    }
    whole = cat(folder, '/', path);
  }
  std::string out;
  for (const std::string_view part : path_parts(whole)) {
    if (part != ".") {
      out.append("/").append(part);
    }
  }
  return out.empty() ? "/" : out;
}

std::uint64_t fnv1a(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

// Eight bytes a step. Each step loses nothing: it can be undone for whoever knows the bytes.
std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = text.size();
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(sizeof word, text.size());
    std::memcpy(&word, text.data(), size);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
    text.remove_prefix(size);
  }
  return hash;
}

std::string hex64(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(kHexDigits, '0');
  for (std::size_t i = kHexDigits; i-- > 0; value >>= 4) {
    text[i] = kDigits[value & 15];
  }
  return text;
}

}  // namespace xpu
