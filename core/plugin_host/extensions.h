// SPDX-License-Identifier: Apache-2.0
// The extensions of a backend, and the sinks that they are given.
#pragma once

#include <functional>
#include <string>

#include "core/plugin_host/collector.h"
#include "core/watch/message.h"
#include "core/watch/sample_check.h"
#include "xpu/hotplug.h"
#include "xpu/metrics.h"

namespace xpu {

// NULL for what the backend does not offer. Throws Error for a table that is not whole.
struct Extensions {
  const xpu_hotplug_1* hotplug = nullptr;
  const xpu_metrics_1* metrics = nullptr;
};
Extensions find_extensions(const xpu_backend& backend, void* self);

// Each item is checked here, so that the backend learns what is wrong with it; that is no
// protection: parse_message() in another process is.
class LiveSinks {
 public:
  // `take` says whether there is room for an event. `collector` keeps what is wrong with an item.
  LiveSinks(Collector& collector, std::function<bool(const watch::Event&)> take);
  LiveSinks(const LiveSinks&) = delete;
  LiveSinks& operator=(const LiveSinks&) = delete;

  const xpu_event_sink* events() const { return &events_; }
  const xpu_metric_sink* metrics() const { return &metrics_; }

  // Events are taken only while a call is in progress that may emit them.
  void watching(bool on) { watching_ = on; }
  void begin_sample();
  // The values since then; nothing is taken any more.
  watch::Sample end_sample();

 private:
  friend struct LiveCalls;

  Collector& collector_;
  std::function<bool(const watch::Event&)> take_;
  xpu_event_sink events_{};
  xpu_metric_sink metrics_{};
  bool watching_ = false, sampling_ = false;
  watch::Sample sample_;
  watch::SampleCheck check_;
  std::size_t bytes_ = 0;  // of the sample's line, at most
};

}  // namespace xpu
