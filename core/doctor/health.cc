// SPDX-License-Identifier: Apache-2.0
// Devices that do not work, and the containers that hold them.
#include <algorithm>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/doctor/checks.h"
#include "core/engine/restart.h"
#include "core/health/lost.h"
#include "core/lease/lease.h"

namespace xpu::doctor {
namespace {

std::vector<BackendStatus> statuses_of(const Host& host) {
  std::vector<BackendStatus> out;
  for (const Backend& backend : host.backends) {
    out.push_back(backend.status);
  }
  return out;
}

const Device* whole_of(const Device& device, const std::vector<const Device*>& devices) {
  const auto found = std::find_if(devices.begin(), devices.end(), [&](const Device* other) {
    return !device.parent.empty() && other->id == device.parent;
  });
  return found == devices.end() ? nullptr : *found;
}

std::string remedy_of(const DeviceHealth& health) {
  const bool failed = health.state == "failed";
  return health.mark == nullptr
             ? cat("see the kernel's log and the vendor's tool",
                   failed ? "; allow-unhealthy = true in [selection] gives it all the same" : "")
             : cat("reset or replace the device, and then: xpu-runtime health --clear ",
                   shell_word(health.mark->id));
}

std::string title(const LostDevice& lost) {
  return lost.name.empty() ? lost.container.substr(0, 12) : lost.name;
}

}  // namespace

Findings check_device_health(const Host& host) {
  const std::vector<const Device*> devices = host.devices();
  Findings out;
  std::size_t told = 0;
  for (const Device* const device : devices) {
    const Device* const whole = whole_of(*device, devices);
    const DeviceHealth health = health_of(*device, whole, host.marks);
    told += health.state.empty() ? 0 : 1;
    // What is said of the whole device is said once.
    const bool said =
        whole != nullptr && health_of(*whole, nullptr, host.marks).reason == health.reason;
    if (health.state == "failed" && !said) {
      out.push_back(
          failure(cat(device->id, " has failed and goes to no container: ", health.reason),
                  remedy_of(health)));
    } else if (health.state == "degraded" && !said) {
      out.push_back(warning(cat(device->id, " is degraded: ", health.reason), remedy_of(health)));
    }
  }
  if (out.empty() && devices.empty()) {
    out.push_back(skipped("there is no device"));
  } else if (out.empty()) {
    out.push_back(pass(
        told == 0 ? "no driver tells of a device that failed"
                  : cat(told, told == 1 ? " device says" : " devices say", " that all is well")));
  }
  return out;
}

Findings check_lost_devices(const Host& host) {
  if (!host.records_problem.empty()) {
    fail(host.records_problem);
  }
  Findings out;
  for (const LostDevice& lost : lost_devices(host.records, statuses_of(host), host.marks)) {
    const auto record =
        std::find_if(host.records.begin(), host.records.end(), [&](const Record& one) {
          return one.id == lost.container && one.runtime_root == lost.runtime_root;
        });
    out.push_back(
        failure(cat("the container ", title(lost), " holds ", lost.device, ", which ", lost.reason),
                restart_of(*record)));
  }
  if (out.empty()) {
    out.push_back(
        host.records.empty()
            ? skipped("no container with devices runs")
            : pass(cat(host.records.size(), host.records.size() == 1 ? " container" : " containers",
                       " looked at")));
  }
  return out;
}

}  // namespace xpu::doctor
