// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/config/config.h"
#include "core/metrics/render.h"
#include "core/metrics/server.h"
#include "core/watch/watcher.h"

namespace xpu {

// The metrics server, as long as the configuration wants one. Where it cannot listen, or ends, it
// is started again, later each time; everything else goes on without it.
class Serving {
 public:
  // What the configuration wants now.
  void adjust(const Config& config, std::int64_t now_ms);
  // Starts it when it is time to; sees whether it lives.
  void advance(std::int64_t now_ms);
  std::optional<std::int64_t> due_ms() const { return start_ms_; }

  // Whether texts are wanted.
  bool on() const { return server_ != nullptr; }
  void publish(const metrics::Texts& texts);
  std::uint64_t restarts() const { return restarts_.count(); }

 private:
  Config config_;
  std::string terms_;  // address and port; "" for none
  std::unique_ptr<MetricsServer> server_;
  watch::Restarts restarts_;
  std::optional<std::int64_t> start_ms_;
};

}  // namespace xpu
