// SPDX-License-Identifier: Apache-2.0
#include "drm.h"

#include <algorithm>

#include "path.h"
#include "pci.h"

namespace xpu::sdk {
namespace {

constexpr std::string_view kPlatform = "/sys/devices/platform/";

bool is_node_name(std::string_view name) {
  for (const std::string_view kind : {"card", "renderD"}) {
    const std::string_view number = name.substr(std::min(kind.size(), name.size()));
    if (starts_with(name, kind) && !number.empty() &&
        number.find_first_not_of("0123456789") == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// udev's ID_PATH: the PCI function, or the platform device.
std::string link_name_of(std::string_view folder) {
  const std::string last = base_name(folder);
  if (normal_pci_address(last) == last) {
    return "pci-" + last;
  }
  if (starts_with(folder, kPlatform)) {
    return "platform-" + last;
  }
  // A device on the bus of a PCI function (virtio) goes by the function's name.
  const std::string parent = base_name(dir_name(folder));
  return normal_pci_address(parent) == parent ? "pci-" + parent : "";
}

}  // namespace

const DrmNode* DrmDevice::render() const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [](const DrmNode& node) { return node.render(); });
  return found == nodes.end() ? nullptr : &*found;
}

std::optional<DrmDevice> drm_device(const Root& sys_root, std::string_view folder) {
  const auto real = sys_root.resolve(folder);
  if (!real) {
    return std::nullopt;
  }
  DrmDevice device;
  device.folder = *real;
  device.link_name = link_name_of(*real);
  const Root drm(sys_root.host_path(join(*real, "drm")));
  for (const std::string& name : drm.list("/")) {
    if (is_node_name(name)) {
      device.nodes.push_back({name, parse_device_number(drm.read_line("/" + name + "/dev"))});
    }
  }
  return device.nodes.empty() ? std::nullopt : std::optional(std::move(device));
}

std::optional<DrmDevice> drm_device_of(const Root& sys_root, std::string_view node) {
  if (!is_node_name(node)) {
    return std::nullopt;
  }
  return drm_device(sys_root, join(join(kDrmClass, node), "device"));
}

std::string drm_problem(const Root& dev_root, const DrmDevice& device) {
  const DrmNode* render = device.render();
  return render == nullptr ? "it has no render node"
                           : node_problem(dev_root, render->path(), render->number);
}

void emit_drm(Sink& sink, const Scope& scope, const Root& dev_root, const DrmDevice& device) {
  for (const DrmNode& node : device.nodes) {
    if (!node_problem(dev_root, node.path(), node.number).empty()) {
      continue;
    }
    emit_node(sink, scope, dev_root, node.path());
    if (!device.link_name.empty()) {
      sink.link(scope,
                "/dev/dri/by-path/" + device.link_name + (node.render() ? "-render" : "-card"),
                "../" + node.name);
    }
  }
}

void watch_drm(Sink& sink, const Root& dev_root, const DrmDevice& device) {
  for (const DrmNode& node : device.nodes) {
    watch_path(sink, dev_root.host_path(node.path()));
  }
}

}  // namespace xpu::sdk
