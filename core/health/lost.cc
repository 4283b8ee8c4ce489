// SPDX-License-Identifier: Apache-2.0
#include "core/health/lost.h"

#include <algorithm>
#include <unordered_map>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/lease/lease.h"

namespace xpu {
namespace {

using Known = std::unordered_map<std::string_view, const Device*>;

bool tells(const BackendStatus& backend) {
  return backend.state == BackendState::kReady || backend.state == BackendState::kAbsent;
}

bool is_of(const BackendStatus& backend, const std::string& vendor) {
  const std::vector<VariableVendors>& variables = backend.found.manifest.variable_vendors;
  return backend.found.manifest.name == vendor ||
         std::any_of(backend.catalog.devices.begin(), backend.catalog.devices.end(),
                     [&](const Device& device) { return device.vendor == vendor; }) ||
         std::any_of(variables.begin(), variables.end(),
                     [&](const VariableVendors& entry) { return contains(entry.vendors, vendor); });
}

// The backend whose device it was: the one that it was selected of, or, where the container got it
// under the name of a CDI file, the one of its vendor. nullptr where nobody tells.
const BackendStatus* backend_of(const Record& record, const HeldRecord& held,
                                const std::vector<BackendStatus>& backends) {
  for (const SelectedBackend& selected : record.selection.backends) {
    if (!contains(selected.devices, held.id)) {
      continue;
    }
    for (const BackendStatus& backend : backends) {
      if (backend.found.manifest.name == selected.backend) {
        return &backend;
      }
    }
    return nullptr;
  }
  for (const BackendStatus& backend : backends) {
    if (is_of(backend, held.vendor)) {
      return &backend;
    }
  }
  return nullptr;
}

// "" for a device that works, as far as anybody tells.
std::string problem_of(const Record& record, const HeldRecord& held, const Known& known,
                       const std::vector<BackendStatus>& backends,
                       const std::vector<HealthMark>& marks) {
  const auto device = known.find(held.key);
  if (device != known.end()) {
    const auto whole = known.find(held.parent_key);
    const DeviceHealth health =
        health_of(*device->second, whole == known.end() ? nullptr : whole->second, marks);
    return health.state == "failed" ? cat("has failed: ", health.reason) : "";
  }
  const BackendStatus* const backend = backend_of(record, held, backends);
  if (backend == nullptr || !tells(*backend)) {
    return "";
  }
  return cat("is not there any more", backend->reason.empty() ? "" : cat(": ", backend->reason));
}

}  // namespace

std::vector<LostDevice> lost_devices(const std::vector<Record>& live,
                                     const std::vector<BackendStatus>& backends,
                                     const std::vector<HealthMark>& marks) {
  Known known;
  for (const BackendStatus& backend : backends) {
    if (backend.state == BackendState::kReady) {
      for (const Device& device : backend.catalog.devices) {
        known.emplace(lease_key(device), &device);
      }
    }
  }
  std::vector<LostDevice> out;
  for (const Record& record : live) {
    for (const HeldRecord& held : record.held) {
      std::string reason = problem_of(record, held, known, backends, marks);
      if (!reason.empty()) {
        out.push_back({record.id, record.runtime_root, record.origin.name, held.id, held.key,
                       std::move(reason)});
      }
    }
  }
  return out;
}

}  // namespace xpu
