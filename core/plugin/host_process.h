// SPDX-License-Identifier: Apache-2.0
// A running xpu-backend-host, seen from the program that wants its description.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fd.h"
#include "core/catalog/catalog.h"
#include "core/config/config.h"
#include "core/plugin/manifest.h"

namespace xpu {

std::int64_t monotonic_ms();

class HostProcess {
 public:
  // Starts the host with nothing of our environment. Throws Error when it cannot be started.
  HostProcess(const Config& config, const Manifest& manifest);
  ~HostProcess();
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  void add_to(std::vector<pollfd>& polled) const;
  // Reads what is there; true when it has ended or its time is over.
  bool advance();

  // After advance() returned true.
  struct Result {
    Catalog catalog;
    bool hung = false;
  };
  Result result() const;

 private:
  void read_answer();
  void read_messages();
  void say(const std::string& line);
  void kill_and_wait();
  bool wait_briefly(int ms);

  std::string name_, program_;
  unsigned timeout_s_;
  std::int64_t end_ms_;
  pid_t pid_ = -1;
  Fd answer_fd_, message_fd_;
  std::string answer_, message_, last_error_;
  int status_ = 0;
  bool late_ = false;
};

}  // namespace xpu
