// SPDX-License-Identifier: Apache-2.0
//
// The C++ layer of xpu/hotplug.h and xpu/metrics.h. A backend derives from LiveBackend in place of
// Backend and overrides what it can do:
//
//   class Acme : public xpu::sdk::LiveBackend {
//     void describe(xpu::sdk::Sink& sink) override;
//     void start_watching(xpu::sdk::Events& events) override { monitor_.open(); }
//     int descriptor() const override { return monitor_.fd(); }
//     std::uint32_t dispatch(xpu::sdk::Events& events) override;
//     void stop_watching() override { monitor_.close(); }
//     void sample(xpu::sdk::Samples& samples) override;
//   };
//   XPU_BACKEND(Acme, "acme", "1.0")
//
// What may be thrown and what becomes of it is as for describe().
#ifndef XPU_LIVE_HPP
#define XPU_LIVE_HPP

#include <optional>
#include <string>

#include "backend.hpp"
#include "hotplug.h"
#include "metrics.h"

namespace xpu::sdk {

enum class EventKind : std::uint32_t {
  kAdded = XPU_EVENT_ADDED,
  kRemoved = XPU_EVENT_REMOVED,
  kChanged = XPU_EVENT_CHANGED,
};

enum class Health : std::uint32_t {
  kOk = XPU_HEALTH_OK,
  kDegraded = XPU_HEALTH_DEGRADED,
  kFailed = XPU_HEALTH_FAILED,
};

// Where events go; each function throws Rejected when the host refuses one.
class Events {
 public:
  Events(const xpu_host* host, const xpu_event_sink* sink) : options_(host), sink_(sink) {}

  // For helpers that read options: its functions of a description are refused here.
  const Sink& options() const { return options_; }
  // As Sink::option() and Sink::log().
  std::string option(const std::string& name) const { return options_.option(name); }
  void log(Severity severity, const std::string& text) const { options_.log(severity, text); }

  // `device` may be "" where it has no name yet. `time_ns` 0: now.
  void report(EventKind kind, const std::string& device, const std::string& reason,
              std::uint64_t time_ns = 0) {
    emit(static_cast<std::uint32_t>(kind), 0, device, reason, time_ns);
  }
  void health(const std::string& device, Health health, const std::string& reason,
              std::uint64_t time_ns = 0) {
    emit(XPU_EVENT_HEALTH, static_cast<std::uint32_t>(health), device, reason, time_ns);
  }
  // The source has lost messages.
  void lost(const std::string& reason) { emit(XPU_EVENT_LOST, 0, "", reason, 0); }

 private:
  void emit(std::uint32_t kind, std::uint32_t health, const std::string& device,
            const std::string& reason, std::uint64_t time_ns) {
    const std::string line = detail::one_line(reason);
    xpu_event event{};
    event.struct_size = sizeof event;
    event.kind = kind;
    event.health = health;
    event.time_ns = time_ns;
    event.device = device.c_str();
    event.reason = line.c_str();
    const xpu_status status = sink_->emit_event(sink_->ctx, &event);
    if (status != XPU_OK) {
      throw Rejected(status, "event \"" + line + "\"");
    }
  }

  Sink options_;
  const xpu_event_sink* sink_;
};

// Where samples go. What the host refuses is left out, and it logs why.
class Samples {
 public:
  Samples(const xpu_host* host, const xpu_metric_sink* sink) : options_(host), sink_(sink) {}

  const Sink& options() const { return options_; }
  std::string option(const std::string& name) const { return options_.option(name); }
  void log(Severity severity, const std::string& text) const { options_.log(severity, text); }

  void value(const std::string& device, const char* key, double value) {
    this->value(device, key, "", value);
  }
  void value(const std::string& device, const char* key, const std::string& label, double value) {
    sink_->emit_value(sink_->ctx, device.c_str(), key, label.c_str(), value);
  }
  void process(const std::string& device, std::int32_t pid, const char* key,
               const std::string& label, double value) {
    sink_->emit_process(sink_->ctx, device.c_str(), pid, key, label.c_str(), value);
  }

 private:
  Sink options_;
  const xpu_metric_sink* sink_;
};

class LiveBackend : public Backend {
 public:
  // Each of both abilities is there unless it is overridden to say no.
  virtual bool watches() const { return true; }
  virtual bool samples() const { return true; }

  virtual void start_watching(Events& events) = 0;
  virtual int descriptor() const = 0;
  // Milliseconds until the next call at the latest, or XPU_NO_TIMEOUT.
  virtual std::uint32_t dispatch(Events& events) = 0;
  virtual void stop_watching() {}

  virtual void start_sampling(Samples& /*samples*/) {}
  virtual void sample(Samples& samples) = 0;
  virtual void stop_sampling() {}

  const void* extension(std::string_view id) final;

 private:
  friend struct LiveTables;
  std::optional<Events> events_;
  std::optional<Samples> samples_;
};

struct LiveTables {
  static LiveBackend& of(void* self) {
    return static_cast<LiveBackend&>(*static_cast<detail::Instance*>(self)->backend);
  }
  static const xpu_host* host(void* self) { return static_cast<detail::Instance*>(self)->host; }

  static xpu_status start_watching(void* self, const xpu_event_sink* sink) noexcept {
    return detail::guarded(host(self), [=] {
      LiveBackend& live = of(self);
      live.start_watching(live.events_.emplace(host(self), sink));
    });
  }
  static std::int32_t descriptor(void* self) noexcept {
    try {
      return of(self).descriptor();
    } catch (...) {
      return -1;
    }
  }
  static xpu_status dispatch(void* self, std::uint32_t* next_ms) noexcept {
    return detail::guarded(host(self), [=] { *next_ms = of(self).dispatch(*of(self).events_); });
  }
  static void stop_watching(void* self) noexcept {
    detail::guarded(host(self), [=] { of(self).stop_watching(); });
  }
  static xpu_status start_sampling(void* self, const xpu_metric_sink* sink) noexcept {
    return detail::guarded(host(self), [=] {
      LiveBackend& live = of(self);
      live.start_sampling(live.samples_.emplace(host(self), sink));
    });
  }
  static xpu_status sample(void* self) noexcept {
    return detail::guarded(host(self), [=] { of(self).sample(*of(self).samples_); });
  }
  static void stop_sampling(void* self) noexcept {
    detail::guarded(host(self), [=] { of(self).stop_sampling(); });
  }

  static constexpr xpu_hotplug_1 hotplug = {sizeof(xpu_hotplug_1), 0,         &start_watching,
                                            &descriptor,           &dispatch, &stop_watching};
  static constexpr xpu_metrics_1 metrics = {sizeof(xpu_metrics_1), 0, &start_sampling, &sample,
                                            &stop_sampling};
};

inline const void* LiveBackend::extension(std::string_view id) {
  if (id == XPU_HOTPLUG_1 && watches()) {
    return &LiveTables::hotplug;
  }
  if (id == XPU_METRICS_1 && samples()) {
    return &LiveTables::metrics;
  }
  return nullptr;
}

}  // namespace xpu::sdk

#endif  // XPU_LIVE_HPP
