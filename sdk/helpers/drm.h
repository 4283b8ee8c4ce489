// SPDX-License-Identifier: Apache-2.0
// The DRM nodes of one device: /dev/dri/card1 and /dev/dri/renderD128, and the links to them that
// applications look for below /dev/dri/by-path.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs.h"
#include "nodes.h"
#include "xpu/backend.hpp"

namespace xpu::sdk {

struct DrmNode {
  std::string name;                    // "card1", "renderD128"
  std::optional<DeviceNumber> number;  // as the kernel says
  bool render() const { return name.compare(0, 7, "renderD") == 0; }
  std::string path() const { return "/dev/dri/" + name; }
};

struct DrmDevice {
  std::string folder;  // in sysfs, inside the root, links followed; "" when unknown
  // What its links are called: "pci-0000:03:00.0" in "pci-0000:03:00.0-render"; "" when unknown.
  std::string link_name;
  std::vector<DrmNode> nodes;  // sorted by name: cards first

  const DrmNode* render() const;  // nullptr for none
};

// The device whose folder in sysfs this is ("/sys/bus/pci/devices/0000:03:00.0", or below
// /sys/devices/platform); nullopt where it has no DRM nodes.
std::optional<DrmDevice> drm_device(const Root& sys_root, std::string_view folder);
// The device that a node ("renderD128") belongs to, by /sys/class/drm.
std::optional<DrmDevice> drm_device_of(const Root& sys_root, std::string_view node);

// The folder that has an entry for each node: list it in a validity condition.
inline constexpr std::string_view kDrmClass = "/sys/class/drm";
// The same of the nodes, below the root of dev.
inline constexpr std::string_view kDrmNodes = "/dev/dri";

// Why the device cannot be used: it has no render node, or that one is missing or wrong. "" when it
// can. Cards are not needed: hosts without displays may lack them.
std::string drm_problem(const Root& dev_root, const DrmDevice& device);

// The nodes that exist and are right, with their links.
void emit_drm(Sink& sink, const Scope& scope, const Root& dev_root, const DrmDevice& device);

// The description holds while its nodes stay what they are. For each device; beside a listing of
// kDrmClass and of kDrmNodes, which say what comes and goes.
void watch_drm(Sink& sink, const Root& dev_root, const DrmDevice& device);

}  // namespace xpu::sdk
