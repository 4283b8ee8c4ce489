// SPDX-License-Identifier: Apache-2.0
// /dev/char/MAJOR:MINOR and /dev/block/MAJOR:MINOR. systemd names devices so, and runc's systemd
// cgroup driver leaves out of a container's unit every device whose link is missing: the container
// would lose it at the next `systemctl daemon-reload`. udev makes the links only for nodes that it
// knows, and some drivers make their nodes by themselves.
#pragma once

#include <string>

#include "core/plan/plan.h"

namespace xpu {

// Makes the links of the plan's nodes below `dev` ("/dev"). One that leads to its device already
// stays; one that leads nowhere or elsewhere is replaced.
// Throws Error.
void make_number_links(const Plan& plan, const std::string& dev);

// One link: whether it is there and leads to its device, and making it. The latter throws Error.
bool has_number_link(const Node& node, const std::string& dev);
void make_number_link(const Node& node, const std::string& dev);

}  // namespace xpu
