// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/intel/live.h"

#include <dlfcn.h>
#include <poll.h>

namespace xpu::test {
namespace {

Live& self(void* ctx) {
  return *static_cast<Live*>(ctx);
}

const char* word(std::uint32_t kind) {
  constexpr const char* kWords[] = {"?", "added", "removed", "changed", "health", "lost"};
  return kind < 6 ? kWords[kind] : "?";
}

const char* health(std::uint32_t value) {
  constexpr const char* kWords[] = {"", " ok", " degraded", " failed"};
  return value < 4 ? kWords[value] : "?";
}

}  // namespace

Live::Live(const std::string& root, const std::map<std::string, std::string>& options)
    : options_{{"driver-root", root},
               {"dev-root", root},
               {"sys-root", root},
               {"health-failed", kHealthFailed},
               {"health-degraded", kHealthDegraded},
               {"reset-seconds", "90"},
               {"sysman-metrics", "awake"}} {
  for (const auto& [name, value] : options) {
    options_[name] = value;
  }
  host_.struct_size = sizeof host_;
  host_.abi_major = host_.oldest_major = XPU_ABI_MAJOR;
  host_.abi_minor = host_.oldest_minor = XPU_ABI_MINOR;
  host_.ctx = this;
  host_.set_error = [](void* ctx, xpu_status, const char* text) { self(ctx).error = text; };
  host_.log = [](void* ctx, std::int32_t, const char* text) { self(ctx).log.push_back(text); };
  host_.option = [](void* ctx, const char* name) -> const char* {
    const auto found = self(ctx).options_.find(name);
    return found == self(ctx).options_.end() ? nullptr : found->second.c_str();
  };
  event_sink_ = {sizeof event_sink_, 0, this, [](void* ctx, const xpu_event* event) {
                   EXPECT_EQ(event->struct_size, sizeof(xpu_event));
                   EXPECT_STRNE(event->reason, "");
                   EXPECT_EQ(event->kind == XPU_EVENT_HEALTH, event->health != 0);
                   self(ctx).events_.push_back(std::string(word(event->kind)) +
                                               health(event->health) + " " + event->device + " " +
                                               event->reason);
                   return XPU_OK;
                 }};
  metric_sink_ = {
      sizeof metric_sink_, 0, this,
      [](void* ctx, const char* device, const char* key, const char* label, double value) {
        const std::string name =
            std::string(device) + " " + key + (label[0] != 0 ? " " + std::string(label) : "");
        EXPECT_TRUE(self(ctx).values_.emplace(name, value).second) << name << " twice";
        return XPU_OK;
      },
      [](void*, const char*, std::int32_t, const char*, const char*, double) {
        ADD_FAILURE() << "the kernel keeps accounts of processes";
        return XPU_OK;
      }};
  void* library = dlopen(XPU_INTEL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  auto entry = reinterpret_cast<xpu_backend_entry_fn>(dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
  EXPECT_EQ(entry(&host_, &backend_), XPU_OK);
  EXPECT_EQ(backend_->open(&host_, &instance_), XPU_OK);
  hotplug_ = static_cast<const xpu_hotplug_1*>(backend_->extension(instance_, XPU_HOTPLUG_1));
  metrics_ = static_cast<const xpu_metrics_1*>(backend_->extension(instance_, XPU_METRICS_1));
}

Live::~Live() {
  if (watching_) {
    hotplug_->stop(instance_);
    EXPECT_EQ(hotplug_->descriptor(instance_), -1);
  }
  if (sampling_) {
    metrics_->stop(instance_);
  }
  backend_->close(instance_);
}

xpu_status Live::start_watching() {
  const xpu_status status = hotplug_->start(instance_, &event_sink_);
  watching_ = status == XPU_OK;
  return status;
}

int Live::descriptor() {
  return hotplug_->descriptor(instance_);
}

std::vector<std::string> Live::events(int milliseconds) {
  pollfd wait{descriptor(), POLLIN, 0};
  EXPECT_GE(wait.fd, 0);
  poll(&wait, 1, milliseconds);
  events_.clear();
  EXPECT_EQ(hotplug_->dispatch(instance_, &next_ms), XPU_OK) << error;
  return events_;
}

xpu_status Live::start_sampling() {
  const xpu_status status = metrics_->start(instance_, &metric_sink_);
  sampling_ = status == XPU_OK;
  return status;
}

std::map<std::string, double> Live::sample() {
  values_.clear();
  EXPECT_EQ(metrics_->sample(instance_), XPU_OK) << error;
  return values_;
}

}  // namespace xpu::test
