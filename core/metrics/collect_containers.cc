// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "core/lease/lease.h"
#include "core/metrics/collect.h"
#include "core/metrics/render.h"

namespace xpu::metrics {
namespace {

constexpr double kMillionth = 1e-6;
constexpr double kHour = 3600;

using Place = std::pair<std::string_view, std::string_view>;  // runtime root and id

Labels labels_of(const Record& record) {
  return {record.origin.name.empty() ? record.id : record.origin.name, record.id,
          record.origin.engine, record.origin.pod, record.origin.pod_namespace};
}

Labels with(Labels labels, const std::vector<std::string>& more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

// Devices by the name that leases know them by, for those that have another index now.
std::map<std::string, const Device*> devices_by_key(const Snapshot& snapshot) {
  std::map<std::string, const Device*> out;
  for (const BackendStatus& status : snapshot.backends) {
    if (status.state == BackendState::kReady) {
      for (const Device& device : status.catalog.devices) {
        out.emplace(lease_key(device), &device);
      }
    }
  }
  return out;
}

std::string vendor_of(const std::string& device) {
  return device.substr(0, device.find(':'));
}

class Containers {
 public:
  Containers(const Snapshot& snapshot, Families& families)
      : snapshot_(snapshot), families_(families), devices_(devices_by_key(snapshot)) {
    for (const Attributed& uses : snapshot.uses) {
      uses_.emplace(Place(uses.runtime_root, uses.container), &uses);
    }
    for (const LostDevice& lost : snapshot.lost) {
      ++lost_[Place(lost.runtime_root, lost.container)];
    }
  }

  void collect(const Record& record) {
    const Labels labels = labels_of(record);
    const Place place(record.runtime_root, record.id);
    families_.add(Id::kContainerDevices, labels, static_cast<double>(record.held.size()));
    families_.add(Id::kContainerLeaseStart, labels, seconds_of(record.created_ns));
    const auto lost = lost_.find(place);
    families_.add(Id::kContainerLost, labels, lost == lost_.end() ? 0 : lost->second);
    collect_held(record, labels);
    if (const auto uses = uses_.find(place); uses != uses_.end()) {
      for (const ContainerUse& use : uses->second->uses) {
        collect_use(record, labels, use);
      }
    }
  }

 private:
  void collect_held(const Record& record, const Labels& labels) {
    const double held_for = std::max(seconds_of(snapshot_.time_ns - record.created_ns), 0.0);
    std::map<std::string, double> cost;
    for (const HeldRecord& held : record.held) {
      const auto device = devices_.find(held.key);
      const std::string& id = device == devices_.end() ? held.id : device->second->id;
      families_.add(Id::kContainerHolds, with(labels, {id, held.vendor}), 1);
      families_.add(Id::kContainerLeaseTime, with(labels, {id, held.vendor}), held_for,
                    record.created_ns);
      if (held.price) {
        cost[held.currency] += static_cast<double>(*held.price) * kMillionth * held_for / kHour;
      }
    }
    for (const auto& [currency, amount] : cost) {
      families_.add(Id::kContainerCost, with(labels, {currency}), amount, record.created_ns);
    }
  }

  void collect_use(const Record& record, const Labels& labels, const ContainerUse& use) {
    const std::string vendor = vendor_of(use.device);
    if (use.key == "memory") {
      families_.add(Id::kContainerMemory, with(labels, {use.device, vendor}), use.value);
    } else if (use.key == "memory-region") {
      families_.add(Id::kContainerMemoryRegion, with(labels, {use.device, vendor, use.label}),
                    use.value);
    } else if (use.key == "utilisation") {
      families_.add(Id::kContainerUtilisation, with(labels, {use.device, vendor, use.label}),
                    use.value);
    } else if (use.key == "engine-time") {
      families_.add(Id::kContainerEngineTime, with(labels, {use.device, vendor, use.label}),
                    use.value, record.created_ns);
    }
  }

  const Snapshot& snapshot_;
  Families& families_;
  std::map<std::string, const Device*> devices_;
  std::map<Place, const Attributed*> uses_;
  std::map<Place, unsigned> lost_;
};

}  // namespace

void collect_containers(const Snapshot& snapshot, Families& families) {
  std::vector<const Record*> shown;
  for (const Record& record : snapshot.containers) {
    if (!record.held.empty()) {
      shown.push_back(&record);
    }
  }
  families.add(Id::kContainers, {}, static_cast<double>(shown.size()));
  // Those that were there first, so that no series comes and goes while its container lives.
  std::stable_sort(shown.begin(), shown.end(),
                   [](const Record* a, const Record* b) { return a->created_ns < b->created_ns; });
  const std::size_t most = std::min(shown.size(), kMostContainers);
  families.add(Id::kContainersDropped, {}, static_cast<double>(shown.size() - most));
  shown.resize(most);
  Containers containers(snapshot, families);
  for (const Record* const record : shown) {
    containers.collect(*record);
  }
}

}  // namespace xpu::metrics
