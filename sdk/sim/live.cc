// SPDX-License-Identifier: Apache-2.0
#include "sdk/sim/live.h"

#include <time.h>

#include <algorithm>
#include <charconv>

#include "sdk/helpers/fs.h"

namespace xpu::sim {
namespace {

constexpr std::uint32_t kPollMs = 1000;  // where the system tells of no changes
constexpr std::size_t kMaxNumber = 64;

std::string id_of(const SimDevice& device) {
  return device.device.vendor + ":" + device.device.index;
}

const SimDevice* find(const Hardware& hardware, const std::string& id) {
  const auto found = std::find_if(hardware.devices.begin(), hardware.devices.end(),
                                  [&](const SimDevice& device) { return id_of(device) == id; });
  return found == hardware.devices.end() ? nullptr : &*found;
}

const char* word(sdk::Health health) {
  return health == sdk::Health::kOk ? "ok" : health == sdk::Health::kFailed ? "failed" : "degraded";
}

// 0 for a file that holds no number: the process is not there.
std::int32_t pid_in(const std::string& file) {
  const std::string text = sdk::Root("/").read(file, kMaxNumber).value_or("");
  std::int32_t pid = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), pid);
  return result.ec == std::errc() && pid > 0 ? pid : 0;
}

void wait(std::uint32_t ms) {
  const timespec time{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1000000};
  nanosleep(&time, nullptr);
}

}  // namespace

std::optional<std::string> read_hardware(const std::string& file) {
  return sdk::Root("/").read(file, kMaxHardware);
}

void Watched::begin(sdk::Events& events) {
  // First: what changes from now on is not missed.
  watch_.open(file_);
  text_ = read_hardware(file_).value_or("");
  hardware_ = parse_hardware(text_, file_);
  said_lost_ = hardware_.faults.lost;
  if (said_lost_) {
    events.lost("the hardware file says that events were lost");
  }
}

std::uint32_t Watched::dispatch(sdk::Events& events) {
  switch (watch_.read()) {
    case FileWatch::Got::kNothing:
      break;
    case FileWatch::Got::kLost:
      events.lost("the kernel dropped changes of the folder of " + file_);
      look(events);
      break;
    case FileWatch::Got::kChanged:
      look(events);
  }
  return watch_.fd() >= 0 ? XPU_NO_TIMEOUT : kPollMs;
}

void Watched::look(sdk::Events& events) {
  std::string text = read_hardware(file_).value_or("");
  if (text == text_) {
    return;
  }
  text_ = std::move(text);
  Hardware now;
  try {
    now = parse_hardware(text_, file_);
  } catch (const sdk::Invalid& error) {
    // describe() says what is wrong with it; what comes next is compared with what was.
    return events.report(sdk::EventKind::kChanged, "", error.what());
  }
  compare(events, now);
  if (now.faults.lost && !said_lost_) {
    events.lost("the hardware file says that events were lost");
  }
  said_lost_ = now.faults.lost;
  hardware_ = std::move(now);
}

void Watched::compare(sdk::Events& events, const Hardware& now) const {
  for (const SimDevice& device : hardware_.devices) {
    const std::string id = id_of(device);
    if (find(now, id) == nullptr) {
      events.report(sdk::EventKind::kRemoved, id, id + " is no longer in " + file_);
    }
  }
  for (const SimDevice& device : now.devices) {
    const std::string id = id_of(device);
    const SimDevice* const before = find(hardware_, id);
    if (before == nullptr) {
      events.report(sdk::EventKind::kAdded, id, id + " is now in " + file_);
    } else if (before->described != device.described) {
      events.report(sdk::EventKind::kChanged, id, id + " is described differently in " + file_);
    }
    const sdk::Health was = before == nullptr ? sdk::Health::kOk : before->health;
    if (was != device.health) {
      events.health(id, device.health,
                    device.health_reason.empty()
                        ? std::string("health is \"") + word(device.health) + "\" in " + file_
                        : device.health_reason);
    }
  }
  if (hardware_.described != now.described) {
    events.report(sdk::EventKind::kChanged, "", file_ + " has changed for all devices");
  }
}

void take_sample(sdk::Samples& samples) {
  const std::string file = samples.option("hardware");
  const auto text = read_hardware(file);
  if (!text) {
    throw sdk::Absent("hardware file " + file + " does not exist");
  }
  const Hardware hardware = parse_hardware(*text, file);
  wait(hardware.faults.sample_delay_ms);
  for (const SimDevice& device : hardware.devices) {
    const std::string id = id_of(device);
    for (const SimMetric& metric : device.metrics) {
      samples.value(id, metric.key.c_str(), metric.label, metric.value);
    }
    for (const SimMetric& metric : device.processes) {
      const std::int32_t pid = metric.pid != 0 ? metric.pid : pid_in(metric.pid_file);
      if (pid != 0) {
        samples.process(id, pid, metric.key.c_str(), metric.label, metric.value);
      }
    }
  }
}

}  // namespace xpu::sim
