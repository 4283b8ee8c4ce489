// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/hotplug.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::nvidia {
namespace {

using sdk::EventKind;

constexpr std::uint16_t kVendor = 0x10de;
constexpr std::uint32_t kVga = 0x0300, k3d = 0x0302;
// With which GPUs, or features of containers, come and go.
constexpr std::array kModules = {"nvidia",    "nvidia_uvm", "nvidia_modeset", "nvidia_drm",
                                 "nvidia_fs", "nvgpu",      "gdrdrv"};

bool is_gpu_class(std::uint32_t device_class) {
  return device_class >> 8 == kVga || device_class >> 8 == k3d;
}

std::optional<Report> report_of_module(const sdk::Uevent& event) {
  const bool known = std::find(kModules.begin(), kModules.end(), event.sysname) != kModules.end();
  if (!known || (event.action != "add" && event.action != "remove")) {
    return std::nullopt;
  }
  const bool added = event.action == "add";
  return Report{added ? EventKind::kAdded : EventKind::kRemoved, "",
                "kernel module " + event.sysname + (added ? " was loaded" : " was unloaded")};
}

}  // namespace

void Hotplug::look() {
  gpus_.clear();
  for (const sdk::PciDevice& device : sdk::pci_devices(sys_root_)) {
    if (device.vendor == kVendor && is_gpu_class(device.device_class)) {
      gpus_.insert(device.address);
    }
  }
}

bool Hotplug::is_gpu(const sdk::Uevent& event) const {
  if (gpus_.count(event.pci()) != 0) {
    return true;
  }
  // "PCI_ID=10DE:20B0", "PCI_CLASS=30200", both hexadecimal.
  const std::string id = event.property("PCI_ID");
  const auto device_class = sdk::parse_number("0x" + event.property("PCI_CLASS"));
  return (sdk::starts_with(id, "10DE:") || sdk::starts_with(id, "10de:")) && device_class &&
         is_gpu_class(static_cast<std::uint32_t>(*device_class));
}

std::optional<Report> Hotplug::report_of_pci(const sdk::Uevent& event) {
  // Parts of a device, such as its sound, are devices of their own with another address.
  const std::string address = event.pci();
  if (address.empty() || !is_gpu(event)) {
    return std::nullopt;
  }
  if (event.action == "remove") {
    gpus_.erase(address);
    return Report{EventKind::kRemoved, address, "PCI device was removed"};
  }
  gpus_.insert(address);
  if (event.action == "add") {
    return Report{EventKind::kAdded, address, "PCI device was added"};
  }
  if (event.action == "bind") {
    return Report{EventKind::kAdded, address,
                  "driver " + (event.driver.empty() ? "" : event.driver + " ") + "was bound"};
  }
  if (event.action == "unbind") {
    return Report{EventKind::kRemoved, address, "driver was unbound"};
  }
  return Report{EventKind::kChanged, address, "PCI device reports \"" + event.action + "\""};
}

std::optional<Report> Hotplug::report_of(const sdk::Uevent& event) {
  if (event.subsystem == "module") {
    return report_of_module(event);
  }
  if (event.subsystem == "pci") {
    return report_of_pci(event);
  }
  // A "change" of a DRM device is about what is plugged into it: monitors.
  if (event.subsystem == "drm" && event.action != "change" && gpus_.count(event.pci()) != 0) {
    return Report{EventKind::kChanged, event.pci(),
                  "DRM node " + event.sysname + " reports \"" + event.action + "\""};
  }
  return std::nullopt;
}

}  // namespace xpu::nvidia
