// SPDX-License-Identifier: Apache-2.0
#include "pci.h"

#include <algorithm>

#include "path.h"

namespace xpu::sdk {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<PciDevice> read_device(const Root& root, const std::string& address) {
  PciDevice found;
  found.address = address;
  found.path = join(kPciDevices, address);
  const auto vendor = root.read_number(found.path + "/vendor");
  const auto device = root.read_number(found.path + "/device");
  const auto device_class = root.read_number(found.path + "/class");
  if (!vendor || !device || !device_class) {
    return std::nullopt;
  }
  found.vendor = static_cast<std::uint16_t>(*vendor);
  found.device = static_cast<std::uint16_t>(*device);
  found.device_class = static_cast<std::uint32_t>(*device_class);
  found.numa_node = numa_node(root, found.path);
  found.driver = base_name(root.link_target(found.path + "/driver").value_or(""));
  return found;
}

bool is_drm_node(std::string_view name) {
  for (const std::string_view kind : {"card", "renderD"}) {
    const std::string_view number = name.substr(std::min(kind.size(), name.size()));
    if (starts_with(name, kind) && !number.empty() &&
        number.find_first_not_of("0123456789") == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<PciDevice> pci_devices(const Root& sys_root) {
  std::vector<PciDevice> devices;
  for (const std::string& name : sys_root.list(kPciDevices)) {
    if (auto device = read_device(sys_root, name)) {
      devices.push_back(std::move(*device));
    }
  }
  return devices;
}

std::optional<PciDevice> pci_device(const Root& sys_root, std::string_view address) {
  const auto normal = normal_pci_address(address);
  return normal ? read_device(sys_root, *normal) : std::nullopt;
}

std::optional<std::string> normal_pci_address(std::string_view text) {
  std::string address(text);
  for (char& c : address) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (std::count(address.begin(), address.end(), ':') == 1) {
    address.insert(0, "0000:");
  }
  // From the end: ".f", "dd", "bb", and before the first ':' the domain.
  const std::size_t colon = address.find(':');
  if (colon == std::string::npos || colon > 8 || address.size() != colon + 8) {
    return std::nullopt;
  }
  const std::string rest = address.substr(colon);  // ":bb:dd.f"
  if (rest[3] != ':' || rest[6] != '.' || !is_hex(rest.substr(1, 2)) ||
      !is_hex(rest.substr(4, 2)) || rest[7] < '0' || rest[7] > '7') {
    return std::nullopt;
  }
  std::string domain = address.substr(0, colon);
  if (!is_hex(domain)) {
    return std::nullopt;
  }
  domain.insert(0, domain.size() < 4 ? 4 - domain.size() : 0, '0');
  while (domain.size() > 4 && domain.front() == '0') {
    domain.erase(0, 1);
  }
  return domain + rest;
}

int numa_node(const Root& sys_root, std::string_view folder) {
  constexpr std::int64_t kMost = 1 << 16;  // the kernel's own limit is lower
  const std::int64_t number = sys_root.read_number(join(folder, "numa_node")).value_or(-1);
  return number >= 0 && number < kMost ? static_cast<int>(number) : -1;
}

std::vector<std::string> drm_nodes(const Root& sys_root, std::string_view address) {
  std::vector<std::string> nodes;
  if (const auto normal = normal_pci_address(address)) {
    nodes = sys_root.list(join(join(kPciDevices, *normal), "drm"));
  }
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(),
                             [](const std::string& name) { return !is_drm_node(name); }),
              nodes.end());
  return nodes;
}

}  // namespace xpu::sdk
