// SPDX-License-Identifier: Apache-2.0
// The process that serves metrics over HTTP, xpu-metrics-server: it is not root, and whatever
// clients do to it, this process only ever loses it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "core/base/fd.h"
#include "core/config/config.h"

namespace xpu {

class MetricsServer {
 public:
  // Listens at [xpud] metrics-address and metrics-port and starts the process, which gives up all
  // that it could do as root. A socket of a path gets the mode 0660, and replaces one at which
  // nobody listens any more. Throws Error naming the address.
  explicit MetricsServer(const Config& config);
  ~MetricsServer();  // ends it
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Never waits: texts that the process does not take are lost, and one that takes none for a
  // minute is ended.
  void publish(const std::string& prometheus, const std::string& openmetrics);
  // False once the process has ended, and then for ever: make another, later each time.
  bool alive();
  // Why it ended; "" while it lives.
  const std::string& why_ended() const { return why_; }
  pid_t pid() const { return pid_; }
  // "http://127.0.0.1:9410/metrics", or "unix:/PATH".
  const std::string& where() const { return where_; }

 private:
  void start(const std::string& program);
  void end() noexcept;

  std::string where_, path_, why_;
  ino_t inode_ = 0;
  Fd listener_, channel_;
  pid_t pid_ = -1;
  std::int64_t stuck_since_ms_ = 0;  // 0: it takes what it is given
};

}  // namespace xpu
