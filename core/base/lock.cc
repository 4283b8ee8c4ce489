// SPDX-License-Identifier: Apache-2.0
#include "core/base/lock.h"

#include <sys/file.h>
#include <time.h>

#include <algorithm>

#include "core/base/error.h"

namespace xpu {

bool lock_within(int fd, std::chrono::milliseconds most, const char* path) {
  using std::chrono::steady_clock;
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    return true;
  }
  const steady_clock::time_point end = steady_clock::now() + most;
  // A holder is done within some tens of microseconds.
  for (long pause = 20'000;; pause = std::min(2 * pause, 2'000'000L)) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      fail_errno("cannot lock ", path);
    }
    if (steady_clock::now() >= end) {
      return false;
    }
    const timespec time = {0, pause};
    ::nanosleep(&time, nullptr);
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
      return true;
    }
  }
}

}  // namespace xpu
