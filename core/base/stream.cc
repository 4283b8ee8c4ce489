// SPDX-License-Identifier: Apache-2.0
#include "core/base/stream.h"

#include <unistd.h>

#include <cerrno>

#include "core/base/error.h"

namespace xpu {

std::string read_stream(int fd, const std::string& name, std::size_t limit) {
  std::string out;
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      fail_errno("cannot read ", name);
    }
    if (got == 0) {
      return out;
    }
    out.append(buffer, static_cast<std::size_t>(got));
    if (out.size() > limit) {
      fail("cannot read ", name, ": it is longer than ", limit, " bytes");
    }
  }
}

}  // namespace xpu
