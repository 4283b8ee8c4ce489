// SPDX-License-Identifier: Apache-2.0
// A limit on the time of one call into a backend, in the process that makes the call: when it is
// over, the process says so and ends.
#pragma once

#include <csignal>
#include <string>

namespace xpu {

class Deadlines {
 public:
  // One object per process. `err`: where the line goes.
  Deadlines(unsigned seconds, int err);
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  // Of the call that follows, until clear().
  void set(const char* call);
  void clear();

  // SIGTERM or SIGINT has come; a call that is in progress has some seconds then.
  bool told_to_end() const;
  int wake_fd() const;  // readable from then on

 private:
  unsigned seconds_;
};

}  // namespace xpu
