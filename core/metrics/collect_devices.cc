// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "core/lease/lease.h"
#include "core/metrics/collect.h"

namespace xpu::metrics {
namespace {

// Which metric a key of xpu/metrics.h is.
struct KeyMetric {
  std::string_view key;
  Id id;
};
constexpr KeyMetric kKeys[] = {
    {"memory-total", Id::kDeviceMemorySize},
    {"memory-used", Id::kDeviceMemoryUsed},
    {"utilisation", Id::kDeviceUtilisation},
    {"temperature", Id::kDeviceTemperature},
    {"power", Id::kDevicePower},
    {"power-limit", Id::kDevicePowerLimit},
    {"fan", Id::kDeviceFan},
    {"clock", Id::kDeviceClock},
    {"clock-limit", Id::kDeviceClockLimit},
    {"throttled", Id::kDeviceThrottled},
    {"energy", Id::kDeviceEnergy},
    {"errors", Id::kDeviceErrors},
    {"link-received", Id::kDeviceLinkReceived},
    {"link-transmitted", Id::kDeviceLinkTransmitted},
    {"engine-time", Id::kDeviceEngineTime},
};

const KeyMetric* metric_of(std::string_view key) {
  for (const KeyMetric& one : kKeys) {
    if (one.key == key) {
      return &one;
    }
  }
  return nullptr;
}

// The devices of a backend by all names that it may use in a sample.
std::map<std::string_view, const Device*> by_name(const Catalog& catalog) {
  std::map<std::string_view, const Device*> out;
  for (const Device& device : catalog.devices) {
    out.emplace(device.id, &device);
    for (const std::string& name : {std::cref(device.uuid), std::cref(device.pci)}) {
      if (!name.empty()) {
        out.emplace(name, &device);
      }
    }
  }
  return out;
}

void collect_sample(const watch::Sample& sample, const Catalog& catalog, Families& families) {
  const std::map<std::string_view, const Device*> devices = by_name(catalog);
  for (const watch::Value& value : sample.values) {
    const auto device = devices.find(value.device);
    const KeyMetric* const known = metric_of(value.key);
    if (device == devices.end() || known == nullptr) {
      continue;  // a device that came or went between sample and description
    }
    Labels labels = {device->second->id, device->second->vendor};
    if (label_names(metric(known->id)).size() > labels.size()) {
      labels.push_back(value.label);
    }
    families.add(known->id, std::move(labels), value.value);
  }
}

struct Holders {
  unsigned containers = 0;
  bool exclusive = false;
};

// By lease_key().
std::map<std::string, Holders> holders_of(const std::vector<Record>& containers) {
  std::map<std::string, Holders> out;
  for (const Record& record : containers) {
    for (const HeldRecord& held : record.held) {
      Holders& holders = out[held.key];
      ++holders.containers;
      holders.exclusive = holders.exclusive || record.exclusive;
    }
  }
  return out;
}

std::string parent_key(const Device& device, const Catalog& catalog) {
  for (const Device& other : catalog.devices) {
    if (!device.parent.empty() && other.id == device.parent) {
      return lease_key(other);
    }
  }
  return "";
}

std::string_view health_of(const Device& device, const std::string& parent,
                           const std::vector<HealthMark>& marks) {
  if (!why_failed(device, parent, marks).empty()) {
    return "failed";
  }
  for (const auto& [name, value] : device.properties) {
    if (name == "health" && value == "degraded") {
      return "degraded";
    }
  }
  for (const HealthMark& mark : marks) {
    if (mark.key == lease_key(device) || (!parent.empty() && mark.key == parent)) {
      return "degraded";
    }
  }
  return "ok";
}

void collect_device(const Device& device, const Catalog& catalog, const Snapshot& snapshot,
                    const std::map<std::string, Holders>& holders, Families& families) {
  const std::string &id = device.id, &vendor = device.vendor;
  families.add(Id::kDeviceInfo,
               {id, vendor, catalog.backend, std::string(to_string(device.kind)), device.name,
                device.uuid, device.pci, device.driver, device.architecture, device.parent,
                device.numa_node < 0 ? "" : std::to_string(device.numa_node)},
               1);
  families.add(Id::kDeviceAvailable, {id, vendor}, device.available ? 1 : 0);
  const std::string_view health = health_of(device, parent_key(device, catalog), snapshot.marks);
  for (const char* const state : {"ok", "degraded", "failed"}) {
    families.add(Id::kDeviceHealth, {id, vendor, state}, health == state ? 1 : 0);
  }
  const auto found = holders.find(lease_key(device));
  const Holders held = found == holders.end() ? Holders() : found->second;
  families.add(Id::kDeviceContainers, {id, vendor}, held.containers);
  families.add(Id::kDeviceExclusive, {id, vendor}, held.exclusive ? 1 : 0);
}

}  // namespace

void collect_devices(const Snapshot& snapshot, Families& families) {
  const std::map<std::string, Holders> holders = holders_of(snapshot.containers);
  for (const BackendStatus& status : snapshot.backends) {
    if (status.state != BackendState::kReady) {
      continue;
    }
    const Catalog& catalog = status.catalog;
    for (const Device& device : catalog.devices) {
      collect_device(device, catalog, snapshot, holders, families);
    }
    if (const auto sample = snapshot.samples.find(status.found.manifest.name);
        sample != snapshot.samples.end()) {
      collect_sample(sample->second, catalog, families);
    }
    // Where nothing measures it, what the backend describes.
    for (const Device& device : catalog.devices) {
      if (device.memory_bytes > 0) {
        families.add(Id::kDeviceMemorySize, {device.id, device.vendor},
                     static_cast<double>(device.memory_bytes));
      }
    }
  }
}

}  // namespace xpu::metrics
