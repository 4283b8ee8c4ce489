// SPDX-License-Identifier: Apache-2.0
// xpu-metrics-server: started by xpud (core/metrics/server.cc) with a socket that listens as
// descriptor 3 and the one that texts come over as 4, as nobody and with nothing that root can.
#include <sys/prctl.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "core/base/error.h"
#include "core/http/serve.h"

namespace {

bool is_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

}  // namespace

int main() {
  if (!is_socket(3) || !is_socket(4)) {
    std::fputs("xpu-metrics-server is a part of xpud, which starts it\n", stderr);
    return 2;
  }
  // Others of the same user shall not look into it.
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    xpu::http::serve(xpu::Fd(3), xpu::Fd(4));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "xpu-metrics-server: %s\n", error.what());
    return 1;
  }
}
