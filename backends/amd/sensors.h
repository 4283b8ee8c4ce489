// SPDX-License-Identifier: Apache-2.0
// The plain files of a GPU's PCI function and its hwmon, as values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::amd {

struct SensorValue {
  const char* key;    // of xpu/metrics.h
  std::string label;  // "" for none
  double value;
};

// Everything that wakes the GPU up, or asks it. `function` is the folder of its PCI function.
std::vector<SensorValue> read_sensors(const sdk::Root& function);

}  // namespace xpu::amd
