// SPDX-License-Identifier: Apache-2.0
// Which driver and which GPUs: NVML where it answers, the kernel module's own files otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

struct NvmlAnswer {
  std::optional<Hardware> hardware;
  std::string problem;                 // why there is none
  bool wrong_version = false;          // the only NVML there is belongs to another driver version
  std::vector<std::string> libraries;  // that were loaded while it answered
  bool driver_not_loaded = true;       // nothing contradicts it so far
};
// Of the first library that answers.
NvmlAnswer ask_nvml(const std::vector<std::string>& candidates, const sdk::Root& sys_root);

struct Detected {
  Hardware hardware;
  bool from_nvml = false;
  std::string nvml_problem;    // why NVML did not answer; "" when it did
  bool wrong_version = false;  // the only NVML there is belongs to another driver version
};

// Throws sdk::Absent when there is no driver or no GPU, std::runtime_error when there is a driver
// that cannot be understood. Both texts are for a person.
Detected detect(const sdk::Root& driver_root, const sdk::Root& sys_root);

}  // namespace xpu::nvidia
