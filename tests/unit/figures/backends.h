// SPDX-License-Identifier: Apache-2.0
// Described devices for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/plugin/refresh.h"

namespace xpu::test {

inline constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

using Properties = std::vector<std::pair<std::string, std::string>>;

inline Device device(const std::string& id, const std::string& name, std::uint64_t gib = 24,
                     Properties properties = {}) {
  Device out;
  out.id = id;
  out.vendor = id.substr(0, id.find(':'));
  out.index = id.substr(id.find(':') + 1);
  out.name = name;
  out.memory_bytes = gib * kGiB;
  out.properties = std::move(properties);
  return out;
}

inline Device part(const std::string& id, const std::string& parent, const std::string& name,
                   std::uint64_t gib, Properties properties = {}) {
  Device out = device(id, name, gib, std::move(properties));
  out.parent = parent;
  out.kind = DeviceKind::kPartition;
  return out;
}

inline BackendStatus ready(const std::string& name, std::vector<Device> devices) {
  BackendStatus out;
  out.state = BackendState::kReady;
  out.catalog.backend = name;
  out.catalog.devices = std::move(devices);
  return out;
}

}  // namespace xpu::test
