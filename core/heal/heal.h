// SPDX-License-Identifier: Apache-2.0
// Running containers get back the devices that their cgroup lost: systemd sets the device rules of
// a unit anew at every daemon-reload, from what it was told.
//
// cgroup v1: the lost nodes are written to devices.allow. v2: a program that says what the bundle's
// config.json says is attached, and then those that deny the nodes are taken off, so that there is
// never a moment without one. Nothing is allowed that config.json did not allow. Cgroups above the
// container's are others' decision and are not touched.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/refresh.h"
#include "core/record/record.h"

namespace xpu {

struct Healed {
  std::string container, runtime_root;
  bool done = false;  // else it could not be healed
  // One line for a person: what was done, or why it could not be and what to do.
  std::string what;
  bool operator==(const Healed&) const = default;
};

// Looks at each live container with nodes whether it may open them, and mends what it can.
// Containers that lack nothing are not in the answer. What cannot be healed is said at each call.
// Forks; takes about a millisecond for each container. For root; never throws Error.
std::vector<Healed> heal(const std::vector<Record>& live,
                         const std::vector<BackendStatus>& backends);

}  // namespace xpu
