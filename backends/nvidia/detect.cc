// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/detect.h"

#include <stdexcept>

#include "backends/nvidia/driver_files.h"
#include "backends/nvidia/loader.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {
namespace {

constexpr std::uint16_t kVendor = 0x10de;
constexpr std::uint32_t kVga = 0x0300, k3d = 0x0302;

// One GPU that is on the bus, for a message that says more than "no driver".
std::string gpu_without_driver(const sdk::Root& sys_root) {
  for (const sdk::PciDevice& device : sdk::pci_devices(sys_root)) {
    std::uint32_t kind = device.device_class >> 8;
    if (device.vendor == kVendor && (kind == kVga || kind == k3d)) {
      return "; the GPU at " + device.address + " is bound to " +
             (device.driver.empty() ? "no driver" : "driver " + device.driver);
    }
  }
  return "";
}

std::string kernel_version(const sdk::Root& sys_root) {
  const std::string path = sdk::join(kProc, "version");
  auto text = sys_root.read(path);
  if (!text) {
    return "";
  }
  std::string version = parse_driver_version(*text);
  if (version.empty()) {
    throw std::runtime_error(sys_root.host_path(path) + " names no driver version");
  }
  return version;
}

}  // namespace

NvmlAnswer ask_nvml(const std::vector<std::string>& candidates, const sdk::Root& sys_root) {
  NvmlAnswer answer;
  for (const std::string& path : candidates) {
    std::string reason;
    auto nvml = Nvml::load(path, reason);
    if (!nvml) {
      answer.problem = reason;
      continue;
    }
    nvml::Status status = nvml->init();
    if (status != nvml::kSuccess) {
      answer.problem = path + ": " + nvml->text(status);
      answer.wrong_version |= status == nvml::kVersionMismatch;
      answer.driver_not_loaded &= status == nvml::kDriverNotLoaded;
      continue;
    }
    try {
      answer.hardware = hardware_from_nvml(*nvml, sys_root);
      answer.problem.clear();
      answer.wrong_version = false;
    } catch (const std::runtime_error& error) {
      answer.problem = path + ": " + error.what();
      answer.driver_not_loaded = false;
    }
    answer.libraries = loaded_libraries();
    nvml->shutdown();
    return answer;
  }
  return answer;
}

Detected detect(const sdk::Root& driver_root, const sdk::Root& sys_root) {
  Detected found;
  const std::string kernel = kernel_version(sys_root);
  const std::vector<std::string> candidates = nvml_candidates(driver_root, kernel);
  NvmlAnswer answer = ask_nvml(candidates, sys_root);
  found.from_nvml = answer.hardware.has_value();
  found.wrong_version = answer.wrong_version;
  found.nvml_problem = candidates.empty()
                           ? "libnvidia-ml.so.1 is not below " + driver_root.host_path("/")
                           : answer.problem;
  if (answer.hardware) {
    found.hardware = std::move(*answer.hardware);
  } else {
    if (kernel.empty() && !answer.driver_not_loaded) {
      throw std::runtime_error(found.nvml_problem);
    }
    if (kernel.empty()) {
      throw sdk::Absent(
          "the NVIDIA driver is not loaded: " + sys_root.host_path(sdk::join(kProc, "version")) +
          " does not exist" + gpu_without_driver(sys_root));
    }
    found.hardware.gpus = gpus_from_proc(sys_root);
  }
  if (!kernel.empty()) {
    found.hardware.driver = kernel;
  }
  if (found.hardware.driver.empty()) {
    throw std::runtime_error("neither NVML nor " + sys_root.host_path(kProc) +
                             " tells the driver's version");
  }
  if (found.hardware.gpus.empty()) {
    throw sdk::Absent("the NVIDIA driver " + found.hardware.driver + " is loaded but has no GPU");
  }
  return found;
}

}  // namespace xpu::nvidia
