// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/exercise.h"

#include <fcntl.h>
#include <poll.h>

#include <set>

#include "core/base/clock.h"
#include "core/plugin/host_child.h"
#include "core/plugin_host/enter.h"
#include "core/plugin_host/extensions.h"

namespace xpu {
namespace {

constexpr int kTurns = 3;
constexpr int kTurnMs = 50;
constexpr std::int64_t kAtOnceMs = 500;
constexpr int kDescriptors = 1024;  // enclose() allows no more
constexpr std::size_t kEvents = 10000;

std::set<int> open_descriptors() {
  std::set<int> out;
  for (int fd = 0; fd < kDescriptors; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) {
      out.insert(fd);
    }
  }
  return out;
}

class Exercise {
 public:
  Exercise(void* self, Collector& collector)
      : self_(self),
        collector_(collector),
        sinks_(collector, [this](const watch::Event&) { return ++events_ <= kEvents; }) {}

  void hotplug(const xpu_hotplug_1& table) {
    const std::set<int> before = open_descriptors();
    sinks_.watching(true);
    if (!run("start() of " XPU_HOTPLUG_1, [&] { return table.start(self_, sinks_.events()); })) {
      return;
    }
    for (int turn = 0; turn < kTurns && dispatch(table); ++turn) {
    }
    sinks_.watching(false);
    call("stop() of " XPU_HOTPLUG_1, [&] { table.stop(self_); });
    compare(before, XPU_HOTPLUG_1);
  }

  void metrics(const xpu_metrics_1& table) {
    const std::set<int> before = open_descriptors();
    if (!run("start() of " XPU_METRICS_1, [&] { return table.start(self_, sinks_.metrics()); })) {
      return;
    }
    sinks_.begin_sample();
    run("sample()", [&] { return table.sample(self_); });
    sinks_.end_sample();
    call("stop() of " XPU_METRICS_1, [&] { table.stop(self_); });
    compare(before, XPU_METRICS_1);
  }

 private:
  void say(Obligation obligation, const std::string& text) const {
    const xpu_host& host = *collector_.host();
    host.log(host.ctx, XPU_LOG_INFO, tagged(obligation, text).c_str());
  }

  // Whether it returned XPU_OK. A failure is no fault, unless it is none of xpu_status or silent.
  template <class F>
  bool run(const char* name, F&& function) {
    collector_.begin_call();
    const xpu_status status = call(name, function);
    if (status == XPU_ABSENT && collector_.error().empty()) {
      say(Obligation::kStatus, cat(name, " returned XPU_ABSENT, without saying why"));
    } else if (status != XPU_OK && status != XPU_ABSENT) {
      const std::string text = failure_text(name, status, collector_.error());
      if (tag_of(text) == Obligation::kStatus) {
        say(Obligation::kStatus, text);
      }
    }
    return status == XPU_OK;
  }

  bool dispatch(const xpu_hotplug_1& table) {
    const std::int64_t begin = monotonic_ms();
    std::uint32_t next_ms = XPU_NO_TIMEOUT;
    if (!run("dispatch()", [&] { return table.dispatch(self_, &next_ms); })) {
      return false;
    }
    const std::int64_t took = monotonic_ms() - begin;
    if (took > kAtOnceMs) {
      say(Obligation::kPrompt, cat("dispatch() took ", took, " ms"));
    }
    const int fd = call("descriptor()", [&] { return table.descriptor(self_); });
    if (fd != -1 && fcntl(fd, F_GETFD) < 0) {
      say(Obligation::kPrompt, cat("descriptor() returned ", fd, ", which is not open"));
      return false;
    }
    pollfd polled = {fd, POLLIN, 0};
    poll(&polled, 1, kTurnMs);
    return true;
  }

  void compare(const std::set<int>& before, const char* id) const {
    std::size_t more = 0;
    for (const int fd : open_descriptors()) {
      more += before.count(fd) == 0 ? 1 : 0;
    }
    if (more > 0) {
      say(Obligation::kStopped,
          cat("after stop() of ", id, " it has ", more, more == 1 ? " descriptor" : " descriptors",
              " open that it had not before start()"));
    }
  }

  void* self_;
  Collector& collector_;
  std::size_t events_ = 0;
  LiveSinks sinks_;
};

}  // namespace

std::string exercise(const xpu_backend& backend, void* self, Collector& collector) {
  const Extensions found = find_extensions(backend, self);
  Exercise exercise(self, collector);
  std::string out;
  if (found.hotplug != nullptr) {
    exercise.hotplug(*found.hotplug);
    out = XPU_HOTPLUG_1;
  }
  if (found.metrics != nullptr) {
    exercise.metrics(*found.metrics);
    out += cat(out.empty() ? "" : ",", XPU_METRICS_1);
  }
  return out;
}

}  // namespace xpu
