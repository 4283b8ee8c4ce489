// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/deadline.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/fd.h"
#include "core/base/platform.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/watch.h"

namespace xpu {
namespace {

constexpr unsigned kEndSeconds = 5;

// For the handlers of signals.
volatile sig_atomic_t told = 0;
char farewell[256];
volatile sig_atomic_t farewell_size = 0;
int farewell_fd = -1;
Fd wake_read, wake_write;

void on_alarm(int) {
  if (told != 0) {
    _exit(kHostOk);
  }
  [[maybe_unused]] const ssize_t wrote =
      write(farewell_fd, farewell, static_cast<std::size_t>(farewell_size));
  _exit(kHostHung);
}

void on_end(int) {
  told = 1;
  alarm(kEndSeconds);
  [[maybe_unused]] const ssize_t wrote = write(wake_write.get(), "", 1);
}

}  // namespace

Deadlines::Deadlines(unsigned seconds, int err) : seconds_(seconds) {
  platform::make_pipe(wake_read, wake_write);
  fcntl(wake_write.get(), F_SETFL, O_NONBLOCK);
  farewell_fd = err;
  signal(SIGALRM, on_alarm);
  signal(SIGTERM, on_end);
  signal(SIGINT, on_end);
}

void Deadlines::set(const char* call) {
  const std::string line = cat("end: ",
                               tagged(Obligation::kDeadline, cat(call, " did not return within ",
                                                                 seconds_, " s and was killed")),
                               "\n");
  farewell_size = static_cast<sig_atomic_t>(line.copy(farewell, sizeof farewell));
  if (told == 0) {
    alarm(seconds_);
  }
}

void Deadlines::clear() {
  if (told == 0) {
    alarm(0);
  }
}

bool Deadlines::told_to_end() const {
  return told != 0;
}

int Deadlines::wake_fd() const {
  return wake_read.get();
}

}  // namespace xpu
