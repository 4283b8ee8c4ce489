// SPDX-License-Identifier: Apache-2.0
// PCI devices as sysfs shows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs.h"

namespace xpu::sdk {

struct PciDevice {
  std::string address;       // "0000:65:00.0"
  std::uint16_t vendor = 0;  // 0x10de, ...
  std::uint16_t device = 0;
  std::uint32_t device_class = 0;  // 24 bits: 0x030000 VGA, 0x030200 3D, 0x120000 accelerator
  int numa_node = -1;              // -1: unknown
  std::string driver;              // kernel driver that is bound; "" for none
  std::string path;                // inside the root: "/sys/bus/pci/devices/0000:65:00.0"
};

// Every device below /sys/bus/pci/devices of the root, by address. Entries whose vendor, device or
// class cannot be read are left out.
std::vector<PciDevice> pci_devices(const Root& sys_root);
// One device; nullopt when there is none at that address (any spelling of normal_pci_address).
std::optional<PciDevice> pci_device(const Root& sys_root, std::string_view address);

// The folder that holds exactly one entry per device: list it in a validity condition.
inline constexpr std::string_view kPciDevices = "/sys/bus/pci/devices";

// "00000000:65:00.0", "65:00.0" and "0000:65:00.0" → "0000:65:00.0", lower case. Domains above
// ffff keep their digits. nullopt when it is no PCI address.
std::optional<std::string> normal_pci_address(std::string_view text);

// NUMA node of the device whose folder this is; -1 where it is not told or makes no sense.
int numa_node(const Root& sys_root, std::string_view folder);

// Names of the DRM nodes of a device, sorted: {"card0", "renderD128"}. Their device nodes are
// /dev/dri/<name>.
std::vector<std::string> drm_nodes(const Root& sys_root, std::string_view address);

}  // namespace xpu::sdk
