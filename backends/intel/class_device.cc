// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/class_device.h"

#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::intel {
namespace {

// What the kernel says about a device in its uevent; "" when it does not.
std::string uevent(const sdk::Root& sys, const std::string& device, const std::string& key) {
  const std::string text = "\n" + sys.read(device + "/uevent").value_or("");
  const std::string start = "\n" + key + "=";
  const std::size_t at = text.find(start);
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t from = at + start.size();
  return sdk::trimmed(text.substr(from, text.find('\n', from) - from));
}

std::optional<std::string> address_of(const sdk::Root& sys, const std::string& device) {
  const auto by_name = sdk::normal_pci_address(sdk::base_name(device));
  return by_name ? by_name : sdk::normal_pci_address(uevent(sys, device, "PCI_SLOT_NAME"));
}

// The file, else its half of "8086:56A0" in the uevent.
std::uint16_t id_of(const sdk::Root& sys, const std::string& device, const char* file) {
  auto number = sys.read_number(sdk::join(device, file));
  if (!number) {
    const std::string ids = uevent(sys, device, "PCI_ID");
    const std::size_t colon = ids.find(':');
    const bool vendor = file == std::string("vendor");
    number =
        colon == std::string::npos
            ? std::nullopt
            : sdk::parse_number("0x" + (vendor ? ids.substr(0, colon) : ids.substr(colon + 1)));
  }
  return static_cast<std::uint16_t>(number.value_or(0));
}

// habanalabs has its class devices below no other before it takes part in the class accel; they
// state the address.
std::string address_file(const sdk::Root& sys, const std::string& folder) {
  for (const char* name : {"/pci_addr", "/device/pci_addr"}) {
    if (sdk::normal_pci_address(sys.read_line(folder + name))) {
      return folder + name;
    }
  }
  return "";
}

}  // namespace

std::vector<std::string> class_paths(const sdk::Root& sys, const std::string& class_folder) {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& folder) {
    for (const std::string& name : sys.list(folder)) {
      const std::string path = sdk::join(folder, name);
      if (sys.is_folder(path)) {
        paths.push_back(path);
      }
    }
  };
  add(class_folder);
  if (paths.empty()) {
    for (const std::string& device : sys.list(sdk::kPciDevices)) {
      add(sdk::join(sdk::join(sdk::kPciDevices, device), sdk::base_name(class_folder)));
    }
  }
  return paths;
}

std::optional<ClassDevice> class_device(const sdk::Root& sys, const std::string& path) {
  const auto folder = sys.resolve(path);
  if (!folder) {
    return std::nullopt;
  }
  ClassDevice found;
  found.folder = *folder;
  // Class devices of a PCI device lie in it as <device>/<class>/<name>; the link says so too.
  found.device = sys.resolve(*folder + "/device").value_or(sdk::dir_name(sdk::dir_name(*folder)));
  auto pci = address_of(sys, found.device);
  if (!pci) {
    found.pci_file = address_file(sys, *folder);
    pci = sdk::normal_pci_address(sys.read_line(found.pci_file));
    if (!pci) {
      return std::nullopt;
    }
    const std::string on_bus = sdk::join(sdk::kPciDevices, *pci);
    found.device = sys.resolve(on_bus).value_or(on_bus);
  }
  found.pci = *pci;
  found.vendor = id_of(sys, found.device, "vendor");
  found.device_id = id_of(sys, found.device, "device");
  found.driver = sdk::base_name(sys.link_target(found.device + "/driver").value_or(""));
  if (found.driver.empty()) {
    found.driver = uevent(sys, found.device, "DRIVER");
  }
  return found;
}

std::optional<std::string> linked_address(const sdk::Root& sys, const std::string& path) {
  const auto target = sys.link_target(path);
  return target ? sdk::normal_pci_address(sdk::base_name(*target)) : address_of(sys, path);
}

std::optional<unsigned> numbered(const std::string& name, const std::string& prefix) {
  const std::string digits = sdk::starts_with(name, prefix) ? name.substr(prefix.size()) : "";
  if (digits.empty() || digits.size() > 6 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return static_cast<unsigned>(std::stoul(digits));
}

}  // namespace xpu::intel
