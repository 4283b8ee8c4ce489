// SPDX-License-Identifier: Apache-2.0
// The built library, watching and measuring.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/unit/intel/describe.h"
#include "xpu/hotplug.h"
#include "xpu/metrics.h"

namespace xpu::test {

class Live {
 public:
  // As describe(), which the tree is the roots of.
  explicit Live(const std::string& root, const std::map<std::string, std::string>& options = {});
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  xpu_status start_watching();
  // Waits for something to come, at most so long, and gives all events there are then:
  // "added 0000:03:00.0 REASON", "health failed 0000:03:00.0 REASON", "lost  REASON".
  std::vector<std::string> events(int milliseconds = 2000);
  std::uint32_t next_ms = 0;  // as the last dispatch() asked
  int descriptor();

  xpu_status start_sampling();
  // "0000:03:00.0 clock compute" and the value.
  std::map<std::string, double> sample();

  std::string error;
  std::vector<std::string> log;

  // What the host has and gets.
  std::map<std::string, std::string> options_;
  std::vector<std::string> events_;
  std::map<std::string, double> values_;

 private:
  xpu_host host_{};
  xpu_event_sink event_sink_{};
  xpu_metric_sink metric_sink_{};
  const xpu_backend* backend_ = nullptr;
  void* instance_ = nullptr;
  const xpu_hotplug_1* hotplug_ = nullptr;
  const xpu_metrics_1* metrics_ = nullptr;
  bool watching_ = false, sampling_ = false;
};

}  // namespace xpu::test
