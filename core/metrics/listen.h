// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "core/base/fd.h"
#include "core/config/config.h"

namespace xpu {

struct Listening {
  Fd socket;
  std::string where;  // "http://127.0.0.1:9410/metrics", or "unix:/PATH"
  std::string path;   // of the file of a socket; "" for none
  ino_t inode = 0;    // of that file
};

// By [xpud] metrics-address and metrics-port. Throws Error naming the address and what to do.
Listening listen_for_metrics(const Config& config);

}  // namespace xpu
