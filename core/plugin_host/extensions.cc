// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/extensions.h"

#include <limits>

#include "core/base/clock.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/enter.h"
#include "core/plugin_host/from_backend.h"

namespace xpu {
namespace {

using namespace from_backend;

// The rest of a line beside its values, and of a value beside its texts.
constexpr std::size_t kLineRest = 1024, kValueRest = 64;

template <class Table>
const Table* table_of(const xpu_backend& backend, void* self, const char* id) {
  if (backend.extension == nullptr) {
    return nullptr;
  }
  const auto* table =
      static_cast<const Table*>(call("extension()", [&] { return backend.extension(self, id); }));
  if (table != nullptr && table->struct_size < sizeof(Table)) {
    throw Error(
        tagged(Obligation::kExtension, cat("its table of ", id, " has ", table->struct_size,
                                           " bytes; at least ", sizeof(Table), " are wanted")));
  }
  return table;
}

void check_slots(const char* id, std::initializer_list<std::pair<const char*, bool>> slots) {
  for (const auto& [name, filled] : slots) {
    if (!filled) {
      throw Error(tagged(Obligation::kExtension, cat("its table of ", id, " has no ", name)));
    }
  }
}

watch::Event event_of(const xpu_event& from) {
  watch::Event out;
  if (from.reserved != 0) {
    fail("xpu_event.reserved is not 0");
  }
  if (from.kind < XPU_EVENT_ADDED || from.kind > XPU_EVENT_LOST) {
    fail("xpu_event.kind is ", from.kind, "; 1 to ", XPU_EVENT_LOST, " are known");
  }
  out.kind = static_cast<watch::EventKind>(from.kind - 1);
  const bool health = from.kind == XPU_EVENT_HEALTH;
  if (health ? from.health < XPU_HEALTH_OK || from.health > XPU_HEALTH_FAILED : from.health != 0) {
    fail("xpu_event.health is ", from.health, "; with XPU_EVENT_HEALTH 1 to ", XPU_HEALTH_FAILED,
         " are known, otherwise it is 0");
  }
  if (health) {
    out.health = static_cast<watch::Health>(from.health - 1);
  }
  if (from.time_ns > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail("xpu_event.time_ns is ", from.time_ns, ", which is no time");
  }
  out.time_ns = from.time_ns == 0 ? wall_clock_ns() : static_cast<std::int64_t>(from.time_ns);
  out.device = text("xpu_event.device", from.device);
  if (health && out.device.empty()) {
    fail("xpu_event.device is \"\", with XPU_EVENT_HEALTH");
  }
  if (from.kind == XPU_EVENT_LOST && !out.device.empty()) {
    fail("xpu_event.device is not \"\", with XPU_EVENT_LOST");
  }
  out.reason = text("xpu_event.reason", from.reason);
  if (out.reason.empty()) {
    fail("xpu_event.reason is \"\"");
  }
  return out;
}

}  // namespace

Extensions find_extensions(const xpu_backend& backend, void* self) {
  Extensions out;
  out.hotplug = table_of<xpu_hotplug_1>(backend, self, XPU_HOTPLUG_1);
  if (const xpu_hotplug_1* table = out.hotplug) {
    check_slots(XPU_HOTPLUG_1, {{"start", table->start != nullptr},
                                {"descriptor", table->descriptor != nullptr},
                                {"dispatch", table->dispatch != nullptr},
                                {"stop", table->stop != nullptr}});
  }
  out.metrics = table_of<xpu_metrics_1>(backend, self, XPU_METRICS_1);
  if (const xpu_metrics_1* table = out.metrics) {
    check_slots(XPU_METRICS_1, {{"start", table->start != nullptr},
                                {"sample", table->sample != nullptr},
                                {"stop", table->stop != nullptr}});
  }
  return out;
}

// Nothing may be thrown into a backend, so each function of the tables runs through guard().
struct LiveCalls {
  static LiveSinks& self(void* ctx) { return *static_cast<LiveSinks*>(ctx); }

  template <class F>
  static xpu_status guard(void* ctx, const char* name, F&& work) noexcept {
    Collector& collector = self(ctx).collector_;
    const auto reject = [&](const char* why) {
      collector.reject(cat(name, ": ", why), Obligation::kLiveItems);
    };
    try {
      work(self(ctx));
      return XPU_OK;
    } catch (const LimitReached& error) {
      reject(error.what());
      return XPU_NO_MEMORY;
    } catch (const std::bad_alloc&) {
      reject("out of memory");
      return XPU_NO_MEMORY;
    } catch (const std::exception& error) {
      reject(error.what());
      return XPU_INVALID;
    }
  }

  static xpu_status event(void* ctx, const xpu_event* from) noexcept {
    return guard(ctx, "emit_event", [&](LiveSinks& to) {
      if (!to.watching_) {
        fail("may only be called from within start() and dispatch()");
      }
      if (!to.take_(event_of(copy("xpu_event", from)))) {
        throw LimitReached("more events wait than are kept");
      }
    });
  }

  template <class Value>
  static void take(LiveSinks& to, std::vector<Value>& list, Value value) {
    if (!to.sampling_) {
      fail("may only be called from within sample()");
    }
    // Each character may be escaped.
    const std::size_t bytes =
        2 * (value.device.size() + value.key.size() + value.label.size()) + kValueRest;
    if (to.bytes_ + bytes > watch::kLineBytes) {
      throw LimitReached(cat("the sample is larger than ", watch::kLineBytes >> 20, " MiB"));
    }
    std::string why;
    switch (to.check_.add(value, &why)) {
      case watch::SampleCheck::Result::kTaken:
        break;
      case watch::SampleCheck::Result::kInvalid:
        throw Error(why);
      case watch::SampleCheck::Result::kLimit:
        throw LimitReached(why);
    }
    to.bytes_ += bytes;
    list.push_back(std::move(value));
  }

  static xpu_status value(void* ctx, const char* device, const char* key, const char* label,
                          double value) noexcept {
    return guard(ctx, "emit_value", [&](LiveSinks& to) {
      take(to, to.sample_.values,
           {text("device", device), text("key", key), text("label", label), value});
    });
  }

  static xpu_status process(void* ctx, const char* device, std::int32_t pid, const char* key,
                            const char* label, double value) noexcept {
    return guard(ctx, "emit_process", [&](LiveSinks& to) {
      take(to, to.sample_.processes,
           {text("device", device), pid, text("key", key), text("label", label), value});
    });
  }
};

LiveSinks::LiveSinks(Collector& collector, std::function<bool(const watch::Event&)> take)
    : collector_(collector), take_(std::move(take)) {
  events_.struct_size = sizeof events_;
  events_.ctx = this;
  events_.emit_event = LiveCalls::event;
  metrics_.struct_size = sizeof metrics_;
  metrics_.ctx = this;
  metrics_.emit_value = LiveCalls::value;
  metrics_.emit_process = LiveCalls::process;
}

void LiveSinks::begin_sample() {
  sample_ = {};
  check_ = {};
  bytes_ = kLineRest;
  sampling_ = true;
}

watch::Sample LiveSinks::end_sample() {
  sampling_ = false;
  return std::move(sample_);
}

}  // namespace xpu
