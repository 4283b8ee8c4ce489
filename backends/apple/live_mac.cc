// SPDX-License-Identifier: Apache-2.0
#include "backends/apple/live_mac.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "backends/apple/describe.h"
#include "backends/apple/hardware.h"

namespace xpu::apple {
namespace {

constexpr std::uint32_t kLookMs = 1000;
constexpr int kMostAtOnce = 100;

// What a driver counts, and what it is here. Apple's own GPUs have the first four.
struct Statistic {
  const char *name, *key, *label;
  double factor;
};
constexpr Statistic kStatistics[] = {
    {"Device Utilization %", "utilisation", "compute", 0.01},
    {"Renderer Utilization %", "utilisation", "render", 0.01},
    {"Tiler Utilization %", "utilisation", "tiler", 0.01},
    {"In use system memory", "memory-used", "", 1},
    {"vramUsedBytes", "memory-used", "", 1},
    {"Temperature(C)", "temperature", "core", 1},
    {"Fan Speed(%)", "fan", "", 0.01},
    {"Total Power(W)", "power", "", 1},
    {"Core Clock(MHz)", "clock", "compute", 1e6},
    {"Memory Clock(MHz)", "clock", "memory", 1e6},
};

bool is_ratio(const Statistic& statistic) {
  return statistic.factor < 1;
}

}  // namespace

void MacLive::find() {
  if (!loaded_) {
    frameworks_ = load_();
    loaded_ = true;
  }
  names_.clear();
  const std::vector<MacGpu> gpus = mac_gpus(frameworks_);
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    names_.emplace(gpus[i].registry_id, std::string(kVendor) + ":" + std::to_string(i));
  }
}

void MacLive::start_watching(sdk::Events& /*events*/) {
  find();
  if (!frameworks_.without_iokit.empty()) {
    throw std::runtime_error("GPUs cannot be watched: " + frameworks_.without_iokit);
  }
  port_ = frameworks_.io.make_port(kMainPort);
  if (port_ == nullptr) {
    throw std::runtime_error("GPUs cannot be watched: IOKit makes no port for notifications");
  }
  watch("IOServiceFirstMatch", &on_matched, matched_);
  watch("IOServiceTerminate", &on_terminated, terminated_);
}

void MacLive::watch(const char* type, void (*callback)(void*, std::uint32_t),
                    std::uint32_t& iterator) {
  // The dictionary is released by the call.
  const int status = frameworks_.io.notify(port_, type, frameworks_.io.matching(kAccelerator),
                                           callback, this, &iterator);
  if (status != 0) {
    stop_watching();
    throw std::runtime_error("GPUs cannot be watched: IOKit takes no notification " +
                             std::string(type) + " (" + std::to_string(status) + ")");
  }
  drain(iterator);
}

unsigned MacLive::drain(std::uint32_t iterator) const {
  unsigned count = 0;
  while (const std::uint32_t service = frameworks_.io.next(iterator)) {
    frameworks_.io.release(service);
    ++count;
  }
  return count;
}

void MacLive::on_matched(void* self, std::uint32_t iterator) {
  MacLive& live = *static_cast<MacLive*>(self);
  live.came_ += live.drain(iterator);
}

void MacLive::on_terminated(void* self, std::uint32_t iterator) {
  MacLive& live = *static_cast<MacLive*>(self);
  live.went_ += live.drain(iterator);
}

std::uint32_t MacLive::dispatch(sdk::Events& events) {
  for (int i = 0; i < kMostAtOnce && frameworks_.io.receive(port_); ++i) {
  }
  for (; went_ > 0; --went_) {
    events.report(sdk::EventKind::kRemoved, "",
                  "an accelerator is gone from the registry of IOKit");
  }
  for (; came_ > 0; --came_) {
    events.report(sdk::EventKind::kAdded, "", "an accelerator appeared in the registry of IOKit");
  }
  return kLookMs;
}

void MacLive::stop_watching() {
  for (std::uint32_t* iterator : {&matched_, &terminated_}) {
    if (*iterator != 0) {
      frameworks_.io.release(*iterator);
      *iterator = 0;
    }
  }
  if (port_ != nullptr) {
    frameworks_.io.destroy_port(port_);
    port_ = nullptr;
  }
}

void MacLive::start_sampling(sdk::Samples& /*samples*/) {
  find();
  if (names_.empty()) {
    throw sdk::Absent("there is no GPU to measure");
  }
}

void MacLive::sample(sdk::Samples& samples) {
  std::vector<const char*> keys;
  for (const Statistic& statistic : kStatistics) {
    keys.push_back(statistic.name);
  }
  const std::vector<MacStatistics> all = mac_statistics(frameworks_, keys);
  if (std::any_of(all.begin(), all.end(),
                  [&](const MacStatistics& one) { return names_.count(one.registry_id) == 0; })) {
    find();
  }
  for (const MacStatistics& one : all) {
    const auto name = names_.find(one.registry_id);
    std::string memory;  // a driver has the one or the other
    for (const Statistic& statistic : kStatistics) {
      const auto value = one.values.find(statistic.name);
      if (name == names_.end() || value == one.values.end() || value->second < 0) {
        continue;
      }
      if (std::string(statistic.key) == "memory-used" && !std::exchange(memory, "said").empty()) {
        continue;
      }
      const double measured = value->second * statistic.factor;
      samples.value(name->second, statistic.key, statistic.label,
                    is_ratio(statistic) ? std::min(measured, 1.0) : measured);
    }
  }
}

}  // namespace xpu::apple
