// SPDX-License-Identifier: Apache-2.0
// Devices of a class ("drm", "accel") and the PCI devices that they belong to. Also in trees that
// are incomplete: recorded without links, or without some files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::intel {

struct ClassDevice {
  std::string folder;  // of the class device, links followed
  std::string device;  // of the PCI device
  std::string pci;     // its address
  std::string
      pci_file;  // where the address stands when the tree's folders do not say; "" otherwise
  std::uint16_t vendor = 0, device_id = 0;  // 0: not known
  std::string driver;                       // "" when the tree does not say
};

// Paths of the devices of a class folder ("/sys/class/drm"), sorted; where it holds none, of those
// that lie in the folders of PCI devices.
std::vector<std::string> class_paths(const sdk::Root& sys_root, const std::string& class_folder);

// nullopt for one that is not on PCI.
std::optional<ClassDevice> class_device(const sdk::Root& sys_root, const std::string& path);

// Address of the PCI device that a link in another one's folder ("virtfn0") leads to.
std::optional<std::string> linked_address(const sdk::Root& sys_root, const std::string& path);

// The digits after `prefix` of "card12"; nullopt for any other name.
std::optional<unsigned> numbered(const std::string& name, const std::string& prefix);

}  // namespace xpu::intel
