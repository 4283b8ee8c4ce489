// SPDX-License-Identifier: Apache-2.0
// What a service manager is told (the protocol of sd_notify): lines of NAME=VALUE in a datagram.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/fd.h"

namespace xpu {

class ServiceManager {
 public:
  // From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are then taken out of the
  // environment: children are not the service. Nobody is told anything without them.
  static ServiceManager from_environment();

  void ready();
  void reloading();  // until ready()
  void stopping();
  void status(std::string_view text);  // one line for a person
  void alive();                        // WATCHDOG=1

  // How often alive() has to be called, half of what the manager waits; nullopt: not at all.
  std::optional<std::int64_t> watchdog_ms() const { return watchdog_ms_; }

 private:
  void send(std::string_view text);

  std::string address_;
  Fd socket_;
  std::optional<std::int64_t> watchdog_ms_;
};

}  // namespace xpu
