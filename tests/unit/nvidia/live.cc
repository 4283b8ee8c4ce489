// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/nvidia/live.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cmath>
#include <stdexcept>

namespace xpu::test {

struct Live::Tables {
  static Live& of(void* ctx) { return *static_cast<Live*>(ctx); }
  static void set_error(void* ctx, xpu_status, const char* text) { of(ctx).error_ = text; }
  static void log(void* ctx, std::int32_t, const char* text) { of(ctx).log_.push_back(text); }
  static const char* option(void* ctx, const char* name) {
    const auto found = of(ctx).values_.find(name);
    return found == of(ctx).values_.end() ? nullptr : found->second.c_str();
  }

  static xpu_status emit_event(void* ctx, const xpu_event* event) {
    static constexpr const char* kKinds[] = {"", "added", "removed", "changed", "health", "lost"};
    static constexpr const char* kHealth[] = {"", "ok", "degraded", "failed"};
    EXPECT_EQ(event->struct_size, sizeof(xpu_event));
    EXPECT_GE(event->kind, XPU_EVENT_ADDED);
    EXPECT_LE(event->kind, XPU_EVENT_LOST);
    EXPECT_EQ(event->kind == XPU_EVENT_HEALTH, event->health != 0);
    EXPECT_STRNE(event->reason, "");
    const std::string device = event->device, health = kHealth[event->health];
    EXPECT_TRUE(event->kind != XPU_EVENT_HEALTH || !device.empty());
    of(ctx).events_.push_back(std::string(kKinds[event->kind]) + " " + device +
                              (health.empty() ? "" : " " + health) + ": " + event->reason);
    return XPU_OK;
  }

  static xpu_status keep(Live& live, const std::string& name, double value) {
    EXPECT_TRUE(std::isfinite(value)) << name;
    EXPECT_TRUE(live.sample_.emplace(name, value).second) << name << " twice";
    return XPU_OK;
  }
  static xpu_status emit_value(void* ctx, const char* device, const char* key, const char* label,
                               double value) {
    const std::string text = label;
    EXPECT_TRUE(text.size() <= 32 && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"
                                                            "._-") == std::string::npos)
        << text;
    return keep(of(ctx), std::string(device) + " " + key + (text.empty() ? "" : " " + text), value);
  }
  static xpu_status emit_process(void* ctx, const char* device, std::int32_t pid, const char* key,
                                 const char* label, double value) {
    const std::string text = label;
    return keep(of(ctx),
                std::string(device) + " " + std::to_string(pid) + " " + key +
                    (text.empty() ? "" : " " + text),
                value);
  }
};

Live::Live(const Options& options) : values_(values_of(options)) {
  void* library = dlopen(XPU_NVIDIA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw std::runtime_error(dlerror());
  }
  const auto entry =
      reinterpret_cast<xpu_backend_entry_fn>(dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
  host_.struct_size = sizeof host_;
  host_.abi_major = host_.oldest_major = XPU_ABI_MAJOR;
  host_.abi_minor = host_.oldest_minor = XPU_ABI_MINOR;
  host_.ctx = this;
  host_.set_error = Tables::set_error;
  host_.log = Tables::log;
  host_.option = Tables::option;
  events_sink_ = {sizeof events_sink_, 0, this, Tables::emit_event};
  samples_sink_ = {sizeof samples_sink_, 0, this, Tables::emit_value, Tables::emit_process};
  if (entry(&host_, &backend_) != XPU_OK || backend_->open(&host_, &instance_) != XPU_OK) {
    throw std::runtime_error("the backend does not open: " + error_);
  }
  hotplug_ = static_cast<const xpu_hotplug_1*>(backend_->extension(instance_, XPU_HOTPLUG_1));
  metrics_ = static_cast<const xpu_metrics_1*>(backend_->extension(instance_, XPU_METRICS_1));
  if (hotplug_ == nullptr || metrics_ == nullptr) {
    throw std::runtime_error("the backend lacks an extension");
  }
}

Live::~Live() {
  stop_watching();
  if (sampling_) {
    metrics_->stop(instance_);
  }
  backend_->close(instance_);
}

xpu_status Live::start_watching() {
  status_ = hotplug_->start(instance_, &events_sink_);
  watching_ = status_ == XPU_OK;
  return status_;
}

xpu_status Live::start_sampling() {
  status_ = metrics_->start(instance_, &samples_sink_);
  sampling_ = status_ == XPU_OK;
  return status_;
}

void Live::stop_watching() {
  if (watching_) {
    hotplug_->stop(instance_);
  }
  watching_ = false;
}

std::vector<std::string> Live::dispatch() {
  const std::size_t before = events_.size();
  status_ = hotplug_->dispatch(instance_, &next_ms_);
  return {events_.begin() + static_cast<std::ptrdiff_t>(before), events_.end()};
}

bool Live::comes(const std::string& wanted, std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  unsigned wait_ms = 0;
  while (std::chrono::steady_clock::now() < end) {
    pollfd polled{descriptor(), POLLIN, 0};
    poll(&polled, 1, static_cast<int>(wait_ms));
    for (const std::string& event : dispatch()) {
      if (event.find(wanted) != std::string::npos) {
        return true;
      }
    }
    if (status_ != XPU_OK) {
      ADD_FAILURE() << error_;
      return false;
    }
    wait_ms = std::min(next_ms_, 100u);
  }
  return false;
}

std::map<std::string, double> Live::sample() {
  sample_.clear();
  status_ = metrics_->sample(instance_);
  return sample_;
}

}  // namespace xpu::test
