// SPDX-License-Identifier: Apache-2.0
// The backend while it watches and measures, in the place of its host.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/nvidia/recorder.h"
#include "xpu/hotplug.h"
#include "xpu/metrics.h"

namespace xpu::test {

// Events are written "KIND DEVICE HEALTH: REASON": "health GPU-0 failed: Xid 79: ...",
// "changed : /dev/nvidia0 appeared". Values "DEVICE KEY LABEL" and "DEVICE pid KEY LABEL".
class Live {
 public:
  explicit Live(const Options& options);
  ~Live();

  // In this order or the other, each once.
  xpu_status start_watching();
  xpu_status start_sampling();
  void stop_watching();

  // One dispatch(), whatever waits; what it emitted.
  std::vector<std::string> dispatch();
  // Waits as a host does until `wanted` was emitted (a part of it); false when it was not in time.
  bool comes(const std::string& wanted, std::chrono::milliseconds within = std::chrono::seconds(8));
  std::map<std::string, double> sample();

  int descriptor() const { return hotplug_->descriptor(instance_); }
  xpu_status status() const { return status_; }  // of the last call
  const std::string& error() const { return error_; }
  const std::vector<std::string>& log() const { return log_; }
  unsigned next_ms() const { return next_ms_; }
  const std::vector<std::string>& all_events() const { return events_; }

 private:
  struct Tables;
  friend struct Tables;

  std::map<std::string, std::string> values_;
  xpu_host host_{};
  xpu_event_sink events_sink_{};
  xpu_metric_sink samples_sink_{};
  const xpu_backend* backend_ = nullptr;
  void* instance_ = nullptr;
  const xpu_hotplug_1* hotplug_ = nullptr;
  const xpu_metrics_1* metrics_ = nullptr;
  bool watching_ = false, sampling_ = false;

  xpu_status status_ = XPU_OK;
  unsigned next_ms_ = 0;
  std::string error_;
  std::vector<std::string> log_, events_;
  std::map<std::string, double> sample_;
};

}  // namespace xpu::test
