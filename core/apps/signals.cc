// SPDX-License-Identifier: Apache-2.0
#include "core/apps/signals.h"

#include <fcntl.h>

#include <cerrno>

#include "core/base/error.h"

namespace xpu {
namespace {

// Of the one Signals that there is; its handler may run in any thread.
Fd& write_end() {
  static Fd fd;
  return fd;
}
volatile sig_atomic_t to = -1;

void note(int number) {
  const int before = errno;
  const char byte = static_cast<char>(number);
  // A pipe that is full says enough.
  [[maybe_unused]] const ssize_t written = ::write(to, &byte, 1);
  errno = before;
}

}  // namespace

Signals::Signals(const std::vector<int>& numbers) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    fail_errno("cannot make a pipe for signals");
  }
  read_.reset(ends[0]);
  write_end().reset(ends[1]);
  to = ends[1];
  for (const int number : numbers) {
    struct sigaction action {};
    struct sigaction old {};
    action.sa_handler = note;
    ::sigaction(number, &action, &old);
    before_.emplace_back(number, old);
  }
}

Signals::~Signals() {
  for (const auto& [number, action] : before_) {
    ::sigaction(number, &action, nullptr);
  }
  to = -1;
  write_end().reset();
}

int Signals::next() {
  char byte = 0;
  return ::read(read_.get(), &byte, 1) == 1 ? byte : 0;
}

}  // namespace xpu
