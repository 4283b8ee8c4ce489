// SPDX-License-Identifier: Apache-2.0
#include "core/rootfs/walk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <vector>

#include "core/base/path.h"

namespace xpu {
namespace {

constexpr int kMaxLinks = 40;  // the kernel's own limit

struct Step {
  Fd fd;  // O_PATH
  std::string name;
  bool folder = false;
};

// One walk. `pending_` holds what is still to be done, the next component last.
class Walk {
 public:
  Walk(int root, int flags) : root_(root), flags_(flags) {}

  Walked run(std::string_view inside) {
    queue(inside);
    while (!pending_.empty()) {
      const std::string name = std::move(pending_.back());
      pending_.pop_back();
      if (!step(name)) {
        return {Fd(), "", errno};
      }
    }
    return finish();
  }

 private:
  void queue(std::string_view path) {
    std::vector<std::string_view> parts = path_parts(path);
    if (path.ends_with('/')) {
      parts.emplace_back(".");  // what comes before is a folder, or a link to one
    }
    pending_.insert(pending_.end(), parts.rbegin(), parts.rend());
  }

  int top() const { return steps_.empty() ? root_ : steps_.back().fd.get(); }

  bool step(const std::string& name) {
    if (!steps_.empty() && !steps_.back().folder) {
      errno = ENOTDIR;
      return false;
    }
    if (name == ".") {
      return true;
    }
    if (name == "..") {
      if (!steps_.empty()) {
        steps_.pop_back();
      }
      return true;
    }
    Fd fd(::openat(top(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status = {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
      return false;
    }
    const bool wanted_itself = pending_.empty() && (flags_ & O_NOFOLLOW) != 0;
    if (S_ISLNK(status.st_mode) && !wanted_itself) {
      return follow(fd.get());
    }
    steps_.push_back({std::move(fd), name, S_ISDIR(status.st_mode)});
    return true;
  }

  bool follow(int link) {
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(link, "", target, sizeof(target));
    if (length < 0) {
      return false;
    }
    if (++links_ > kMaxLinks || length == sizeof(target)) {
      errno = ELOOP;
      return false;
    }
    const std::string_view text(target, static_cast<std::size_t>(length));
    if (text.starts_with('/')) {
      steps_.clear();
    }
    queue(text);
    return true;
  }

  Walked finish() {
    Walked out;
    for (const Step& step : steps_) {
      out.path.append("/").append(step.name);
    }
    if (out.path.empty()) {
      out.path.push_back('/');
    }
    if (steps_.empty() || steps_.back().folder) {
      out.fd.reset(::openat(top(), ".", (flags_ & ~O_NOFOLLOW) | O_CLOEXEC));
    } else if ((flags_ & O_PATH) != 0 && (flags_ & O_DIRECTORY) == 0) {
      out.fd = std::move(steps_.back().fd);
    } else {
      const int parent = steps_.size() > 1 ? steps_[steps_.size() - 2].fd.get() : root_;
      out.fd.reset(::openat(parent, steps_.back().name.c_str(), flags_ | O_NOFOLLOW | O_CLOEXEC));
    }
    out.error = out.fd ? 0 : errno;
    return out;
  }

  int root_;
  int flags_;
  int links_ = 0;
  std::vector<Step> steps_;
  std::vector<std::string> pending_;
};

}  // namespace

Walked walk_in_root(int root, std::string_view inside, int flags) {
  return Walk(root, flags).run(inside);
}

Fd open_in_root(int root, std::string_view inside, int flags) {
  const std::string path(inside.empty() ? std::string_view("/") : inside);
  struct open_how how = {};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how));
  if (fd >= 0) {
    return Fd(static_cast<int>(fd));
  }
  // ENOSYS: an old kernel. EPERM: a seccomp filter that does not know the call. EAGAIN: something
  // was renamed meanwhile, which the walk does not mind.
  if (errno != ENOSYS && errno != EPERM && errno != EAGAIN) {
    return Fd();
  }
  Walked walked = walk_in_root(root, path, flags);
  errno = walked.error;
  return std::move(walked.fd);
}

}  // namespace xpu
