// SPDX-License-Identifier: Apache-2.0
// Device nodes: what is wrong with one, giving one to containers, and watching paths.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fs.h"
#include "xpu/backend.hpp"

namespace xpu::sdk {

struct DeviceNumber {
  unsigned major = 0, minor = 0;
};

// "226:128", as sysfs writes it in the file `dev`; nullopt for anything else.
std::optional<DeviceNumber> parse_device_number(std::string_view text);

// Why `node` ("/dev/dri/renderD128") below dev_root cannot be given to a container: it does not
// exist, is no character device, or is another device than the kernel says. "" when it can.
std::string node_problem(const Root& dev_root, const std::string& node,
                         std::optional<DeviceNumber> expected = std::nullopt);

// Emits the node under its own name. A link is followed, because the host of a backend opens none.
void emit_node(Sink& sink, const Scope& scope, const Root& dev_root, const std::string& node);

// The description holds while what this path of the host leads to stays the same, whatever it is:
// a file, a node, a folder, nothing yet. Not for sysfs and procfs.
void watch_path(Sink& sink, const std::string& host_path);

}  // namespace xpu::sdk
