// SPDX-License-Identifier: Apache-2.0
// `xpu-backend-host --watch`: a process that runs the extensions of one backend for as long as
// somebody listens.
#pragma once

#include "core/plugin/manifest.h"
#include "core/plugin_host/child.h"

namespace xpu {

struct WatchOptions {
  bool events = false, samples = false;
  unsigned interval_ms = 5000;  // of samples
};

// Messages (core/watch/message.h) go to what is stdout now, log lines to stderr: what the backend
// prints is among those. Ends with its reader, with SIGTERM, and with a line "end: WHY" on stderr
// where something went wrong. The result is the exit status of the program, which must follow by
// _exit(): the backend's threads may still be there.
int run_watch(const Manifest& manifest, const HostLimits& limits, const WatchOptions& options);

// Exit statuses of xpu-backend-host.
enum HostExit { kHostOk = 0, kHostUsage = 1, kHostFailed = 2, kHostRefused = 3, kHostHung = 4 };

}  // namespace xpu
