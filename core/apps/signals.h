// SPDX-License-Identifier: Apache-2.0
// Signals as bytes of a pipe, for programs that wait by poll().
#pragma once

#include <csignal>
#include <utility>
#include <vector>

#include "core/base/fd.h"

namespace xpu {

// While it is there, these signals do nothing but make fd() readable. Programs that are started
// meanwhile have the usual ones. One at a time. Throws Error.
class Signals {
 public:
  explicit Signals(const std::vector<int>& numbers);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return read_.get(); }
  // One that came; 0 for none.
  int next();

 private:
  Fd read_;
  std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace xpu
