// SPDX-License-Identifier: Apache-2.0
// Backends and what they describe, in memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/plugin/refresh.h"
#include "core/watch/message.h"

namespace xpu::test {

inline Device device(const std::string& index, const std::string& uuid) {
  Device out;
  out.id = "acme:" + index;
  out.vendor = "acme";
  out.index = index;
  out.uuid = uuid;
  out.name = "Acme One";
  return out;
}

inline BackendStatus backend(std::vector<Device> devices, BackendState state = BackendState::kReady,
                             const std::string& name = "sim") {
  BackendStatus out;
  out.found.manifest.name = name;
  out.state = state;
  out.catalog.backend = name;
  out.catalog.devices = std::move(devices);
  return out;
}

inline watch::Event event(watch::EventKind kind, const std::string& device,
                          const std::string& reason, std::int64_t time_ns = 7) {
  watch::Event out;
  out.kind = kind;
  out.device = device;
  out.reason = reason;
  out.time_ns = time_ns;
  return out;
}

inline watch::Event health(const std::string& device, watch::Health state,
                           const std::string& reason) {
  watch::Event out = event(watch::EventKind::kHealth, device, reason);
  out.health = state;
  return out;
}

}  // namespace xpu::test
