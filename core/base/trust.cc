// SPDX-License-Identifier: Apache-2.0
#include "core/base/trust.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/platform.h"

namespace xpu {
namespace {

constexpr int kMaxLinks = 40;  // the kernel's own limit

// The uid that the owners outside our user namespace show as; nothing in the initial namespace.
std::optional<unsigned> overflow_uid() {
  if (!in_user_namespace()) {
    return std::nullopt;
  }
  const auto text = read_file_if_present("/proc/sys/kernel/overflowuid", 64);
  return text ? static_cast<unsigned>(std::strtoul(text->c_str(), nullptr, 10)) : 65534;
}

std::string user_text(unsigned uid) {
  return uid == 0 ? "root" : cat("user ", uid);
}

std::string mode_text(mode_t mode) {
  std::string text = "0000";
  for (int i = 3; i >= 0; --i, mode >>= 3) {
    text[i] = static_cast<char>('0' + (mode & 7));
  }
  return text;
}

// One walk from / to the file. Every object is opened by name once, checked, and from then on known
// by its descriptor, so that nobody can exchange it afterwards.
class Walk {
 public:
  Walk(const std::string& path, TrustKind kind) : path_(path), kind_(kind) {}

  Fd run() {
    if (path_.empty() || path_.front() != '/') {
      fail("the path '", path_, "' must be absolute");
    }
    push(path_);
    restart();
    return walk();
  }

  // From a folder that has been reached and checked.
  Fd run_in(const Fd& folder, const std::string& shown, const std::string& name) {
    at_ = folder.get();
    shown_ = shown;
    pending_.push_back(name);
    return walk();
  }

 private:
  Fd walk() {
    while (!pending_.empty()) {
      if (!step()) {
        return Fd();
      }
    }
    return finish();
  }

  // Puts the components of `path` in front of those that are still to come.
  void push(std::string_view path) {
    while (!path.empty()) {
      const std::size_t slash = path.rfind('/');
      const std::string_view name = path.substr(slash == path.npos ? 0 : slash + 1);
      path = slash == path.npos ? "" : path.substr(0, slash);
      if (!name.empty() && name != ".") {
        pending_.emplace_back(name);
      }
    }
  }

  void restart() {
    enter(platform::open_object(AT_FDCWD, "/"));
    shown_.assign(1, '/');
    if (!folder_ || ::fstat(folder_.get(), &st_) != 0) {
      fail_errno("cannot open /");
    }
    check_folder();
  }

  void enter(Fd folder) {
    folder_ = std::move(folder);
    at_ = folder_.get();
  }

  // Whether the last component is a plain file, which finish() opens: by one look, as devices and
  // FIFOs must not be opened to see what they are.
  bool is_plain(const std::string& name) {
    return pending_.empty() && (kind_ == TrustKind::kFile || kind_ == TrustKind::kLibrary) &&
           ::fstatat(at_, name.c_str(), &st_, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st_.st_mode);
  }

  // Goes one component on; false when it does not exist.
  bool step() {
    const std::string name = std::move(pending_.back());
    pending_.pop_back();
    if (is_plain(name)) {
      shown_ = join(name);
      name_ = name;
      return true;
    }
    current_ = platform::open_object(at_, name.c_str());
    if (!current_ && (errno == ENOENT || errno == ENOTDIR)) {
      return false;
    }
    if (!current_ || ::fstat(current_.get(), &st_) != 0) {
      fail_errno("cannot open ", join(name));
    }
    if (S_ISLNK(st_.st_mode)) {
      follow(name);
      return true;
    }
    shown_ = name == ".." ? shown_.substr(0, shown_.rfind('/')) : join(name);
    if (shown_.empty()) {
      shown_.assign(1, '/');
    }
    if (pending_.empty() && !S_ISDIR(st_.st_mode)) {
      name_ = name;
      return true;
    }
    if (!S_ISDIR(st_.st_mode)) {
      return false;
    }
    check_folder();
    enter(std::move(current_));
    return true;
  }

  void follow(const std::string& name) {
    const std::string link = join(name);
    if (pending_.empty() && kind_ == TrustKind::kLibrary) {
      fail(path_, " is a symbolic link; put the library itself there");
    }
    check_owner(link);
    if (++links_ > kMaxLinks) {
      fail("cannot open ", path_, ": too many symbolic links");
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t size =
        platform::read_link(current_, at_, name.c_str(), target.data(), target.size());
    if (size <= 0) {
      fail_errno("cannot read the symbolic link ", link);
    }
    push({target.data(), static_cast<std::size_t>(size)});
    if (target[0] == '/') {
      restart();
    }
    current_.reset();
  }

  // The last component has been reached: at_ is it, or it has the name name_ in at_ and, unless it
  // is a plain file, is open as current_.
  Fd finish() {
    if (name_.empty()) {
      return finish_folder();
    }
    if (kind_ == TrustKind::kFolder || kind_ == TrustKind::kParent) {
      return Fd();
    }
    if (!S_ISREG(st_.st_mode)) {
      fail(shown_, " is not a regular file");
    }
    check_owner(shown_);
    check_mode(shown_);
    if (kind_ == TrustKind::kProgram) {
      if ((st_.st_mode & 0111) == 0) {
        fail(shown_, " is not executable (mode ", mode_text(st_.st_mode), "); run: chmod +x ",
             shown_);
      }
      return std::move(current_);
    }
    if (kind_ == TrustKind::kLibrary) {
      check_library();
    }
    return reopen(at_, name_, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  }

  Fd finish_folder() {
    if (kind_ == TrustKind::kParent) {
      return std::move(folder_);
    }
    if (kind_ != TrustKind::kFolder) {
      fail(shown_, " is a folder, not a regular file");
    }
    check_mode(shown_);
    return reopen(at_, ".", O_RDONLY | O_DIRECTORY);
  }

  // Opens for reading what has been checked, or fails.
  Fd reopen(int folder, const std::string& name, int flags) {
    Fd fd(::openat(folder, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    struct stat now {};
    if (!fd || ::fstat(fd.get(), &now) != 0) {
      fail_errno("cannot open ", shown_);
    }
    if (now.st_dev != st_.st_dev || now.st_ino != st_.st_ino || now.st_uid != st_.st_uid ||
        now.st_mode != st_.st_mode) {
      fail(shown_, " was exchanged while it was being opened");
    }
    return fd;
  }

  void check_folder() {
    check_owner(shown_);
    // In a sticky folder only the owner of an entry, of the folder, or root can exchange it.
    if ((st_.st_mode & S_ISVTX) == 0) {
      check_mode(shown_);
    }
  }

  void check_owner(const std::string& what) {
    if (trusted_owner(st_.st_uid)) {
      return;
    }
    const unsigned self = ::geteuid();
    const std::string or_self = self == 0 ? "" : cat(" or user ", self);
    fail(intro(what), " belongs to user ", st_.st_uid, " (mode ", mode_text(st_.st_mode),
         "), not to root", or_self, "; run: chown ", S_ISLNK(st_.st_mode) ? "-h " : "", "root ",
         what, S_ISLNK(st_.st_mode) ? "" : cat(" && chmod go-w ", what));
  }

  void check_mode(const std::string& what) {
    if ((st_.st_mode & 022) != 0) {
      fail(intro(what), " can be written by group or others (owner ", user_text(st_.st_uid),
           ", mode ", mode_text(st_.st_mode), "); run: chmod go-w ", what);
    }
  }

  void check_library() {
    if (st_.st_nlink != 1) {
      fail(shown_, " has ", st_.st_nlink, " hard links; install a copy of its own");
    }
    if ((st_.st_mode & (S_ISUID | S_ISGID)) != 0) {
      fail(shown_, " is set-user-ID or set-group-ID (mode ", mode_text(st_.st_mode),
           "); run: chmod ug-s ", shown_);
    }
  }

  std::string intro(const std::string& what) const {
    return what == path_ ? cat("refusing ", what, ": it") : cat("refusing ", path_, ": ", what);
  }

  std::string join(const std::string& name) const {
    return shown_ == "/" ? cat('/', name) : cat(shown_, '/', name);
  }

  const std::string path_;
  const TrustKind kind_;
  std::vector<std::string> pending_;  // components to come, the next one last
  std::string shown_;                 // where the walk is, without symlinks
  int at_ = -1;                       // the folder that the walk is in
  Fd folder_;                         // the same, where the walk has opened it
  Fd current_;                        // what the last step opened, when it is no folder
  std::string name_;                  // the last component's in at_, when it is no folder
  struct stat st_ {};                 // of what was opened last
  int links_ = 0;
};

}  // namespace

bool trusted_owner(unsigned uid) {
  return uid == 0 || uid == ::geteuid() || overflow_uid() == uid;
}

Fd open_trusted(const std::string& path, TrustKind kind) {
  return Walk(path, kind).run();
}

Fd open_trusted_in(const Fd& fd, const std::string& folder, const std::string& name,
                   TrustKind kind) {
  return Walk(cat(folder, "/", name), kind).run_in(fd, folder, name);
}

}  // namespace xpu
