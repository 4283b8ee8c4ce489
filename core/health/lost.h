// SPDX-License-Identifier: Apache-2.0
// Devices that containers hold and that do not work any more.
#pragma once

#include <string>
#include <vector>

#include "core/health/health.h"
#include "core/plugin/refresh.h"
#include "core/record/record.h"

namespace xpu {

struct LostDevice {
  std::string container, runtime_root;
  std::string name;    // of the container as its user knows it; "" unknown
  std::string device;  // its id when it was given
  std::string key;     // lease_key()
  std::string reason;  // to follow the device's id: "has failed: ...", "is not there any more"
  bool operator==(const LostDevice&) const = default;
};

// Of live containers, in their order. A device is lost when it has failed, or when no catalog has
// it although the backend that described it is ready or says that there is no device. A backend
// that is refused, failed, disabled or not installed says nothing about its devices.
std::vector<LostDevice> lost_devices(const std::vector<Record>& live,
                                     const std::vector<BackendStatus>& backends,
                                     const std::vector<HealthMark>& marks);

}  // namespace xpu
