// SPDX-License-Identifier: Apache-2.0
// A running xpu-backend-host, seen from the program that wants its description.
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/config/config.h"
#include "core/plugin/host_child.h"
#include "core/plugin/manifest.h"

namespace xpu {

class HostProcess {
 public:
  // Starts the host with nothing of our environment. Throws Error when it cannot be started.
  HostProcess(const Config& config, const Manifest& manifest);

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
  std::string name_;
  unsigned timeout_s_;
  std::int64_t end_ms_;
  HostChild child_;
  HostLog log_;
  std::string answer_;
  bool late_ = false;
};

}  // namespace xpu
