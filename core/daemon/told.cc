// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/told.h"

namespace xpu {

Told::Told(const std::vector<HostEvent>& events, bool whole) : whole_(whole) {
  for (const HostEvent& event : events) {
    add(event);
  }
}

void Told::add(const HostEvent& event) {
  switch (event.kind) {
    case HostEventKind::kAdded:
      std::erase_if(lost_, [&](const auto& one) { return one.second == event.key; });
      health_.erase(event.key);
      [[fallthrough]];
    case HostEventKind::kChanged:
      spoken_of_.insert(event.key);
      devices_[event.key] = {event.backend, event.device, "", {}, "", ""};
      break;
    case HostEventKind::kRemoved:
      spoken_of_.insert(event.key);
      devices_.erase(event.key);
      health_.erase(event.key);
      break;
    case HostEventKind::kHealth:
      health_[event.key] = event.health;
      if (event.health == "ok") {
        std::erase_if(lost_, [&](const auto& one) { return one.second == event.key; });
      }
      break;
    case HostEventKind::kLost:
      lost_.emplace(event.container.id, event.key);
      break;
    case HostEventKind::kBackend:
      backends_[event.backend] = event.reason;
      break;
    default:
      break;
  }
}

KnownDevices Told::devices_of(const std::string& backend, const KnownDevices& now) const {
  KnownDevices out;
  for (const auto& [key, device] : devices_) {
    if (device.backend == backend) {
      out.emplace(key, device);
    }
  }
  if (!whole_) {
    for (const auto& [key, device] : now) {
      if (!spoken_of_.contains(key)) {
        out.emplace(key, device);
      }
    }
  }
  return out;
}

std::set<std::string> Told::backends() const {
  std::set<std::string> out;
  for (const auto& [key, device] : devices_) {
    out.insert(device.backend);
  }
  return out;
}

std::string Told::health_of(const std::string& key) const {
  const auto found = health_.find(key);
  return found == health_.end() ? "ok" : found->second;
}

std::string Told::of_backend(const std::string& backend) const {
  const auto found = backends_.find(backend);
  return found == backends_.end() ? "" : found->second;
}

bool Told::is_lost(const std::string& container, const std::string& key) const {
  return lost_.contains({container, key});
}

}  // namespace xpu
