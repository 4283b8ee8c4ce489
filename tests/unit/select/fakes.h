// SPDX-License-Identifier: Apache-2.0
// Backends of made-up vendors, for tests of the selection.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/refresh.h"
#include "core/request/request.h"

namespace xpu::test {

inline Device device(const std::string& vendor, const std::string& index) {
  Device d;
  d.vendor = vendor;
  d.index = index;
  d.id = vendor + ":" + index;
  d.name = vendor + " accelerator";
  const std::size_t colon = index.find(':');
  d.parent = colon == std::string::npos ? "" : vendor + ":" + index.substr(0, colon);
  return d;
}

inline BackendStatus backend(const std::string& name, std::vector<Device> devices) {
  BackendStatus status;
  status.found.manifest.name = name;
  status.found.manifest.device_variables = {name == "acme" ? "ACME_DEVICES" : "BETA_DEVICES"};
  status.found.manifest.default_capabilities = {"compute"};
  status.found.manifest.capability_variables = {"CAPS"};
  status.state = BackendState::kReady;
  status.catalog.backend = name;
  status.catalog.devices = std::move(devices);
  status.catalog.capabilities = {"compute", "utility", "video"};
  return status;
}

inline BackendStatus broken(const std::string& name, BackendState state,
                            const std::string& reason) {
  BackendStatus status = backend(name, {});
  status.state = state;
  status.reason = reason;
  status.found.enabled = state != BackendState::kDisabled;
  return status;
}

inline BackendStatus simulated(BackendStatus status) {
  status.found.manifest.simulated = true;
  status.catalog.simulated = true;
  return status;
}

// The request of an environment, with these backends installed.
inline Request request_of(const std::vector<std::string>& env,
                          const std::vector<BackendStatus>& backends, const Config& config = {}) {
  std::vector<FoundBackend> found;
  for (const BackendStatus& status : backends) {
    found.push_back(status.found);
  }
  Said said;
  said.env = env;
  return parse_request(said, found, config, "");
}

}  // namespace xpu::test
