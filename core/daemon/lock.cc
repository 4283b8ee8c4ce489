// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/file.h"

namespace xpu {
namespace {

constexpr const char* kName = "xpud.lock";
constexpr std::size_t kMostBytes = 64;

std::string holder_of(int fd, const std::string& path) {
  try {
    const std::string text = read_fd(fd, path, kMostBytes);
    return text.substr(0, text.find('\n'));
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

Fd lock_state(const std::string& state_dir) {
  const Fd folder = open_state_dir(state_dir);
  const std::string path = cat(state_dir, '/', kName);
  Fd fd(::openat(folder.get(), kName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) {
    fail_errno("cannot open ", path);
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      fail_errno("cannot lock ", path);
    }
    const std::string pid = holder_of(fd.get(), path);
    fail("an xpud for ", state_dir, " runs already", pid.empty() ? "" : cat(", as process ", pid),
         "; stop it, or give this one another [state] directory");
  }
  const std::string pid = cat(::getpid(), "\n");
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    fail_errno("cannot write ", path);
  }
  return fd;
}

}  // namespace xpu
