// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/presence.h"

#include "backends/amd/kfd.h"

namespace xpu::amd {

constexpr std::uint16_t kPciVendor = 0x1002;

bool is_our_gpu(const sdk::PciDevice& device) {
  const std::uint32_t kind = device.device_class >> 16;
  return device.vendor == kPciVendor && (kind == 0x03 || kind == 0x12);
}

std::string gpu_without_driver(const sdk::Root& sys_root) {
  for (const sdk::PciDevice& device : sdk::pci_devices(sys_root)) {
    if (is_our_gpu(device)) {
      return "; the GPU at " + device.address + " is bound to " +
             (device.driver.empty() ? "no driver" : "driver " + device.driver);
    }
  }
  return "";
}

std::string why_absent(const sdk::Root& sys_root) {
  if (sys_root.is_folder(kPciDriver) || sys_root.is_folder("/sys/module/amdgpu") ||
      sys_root.is_folder("/sys/class/kfd/kfd") || !gpu_without_driver(sys_root).empty()) {
    return "";
  }
  return "the amdgpu driver is not loaded: " + sys_root.host_path(kPciDriver) + " does not exist";
}

}  // namespace xpu::amd
