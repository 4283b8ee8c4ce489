// SPDX-License-Identifier: Apache-2.0
// Whether a cgroup may open device nodes, without opening them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/record/cgroup.h"

namespace xpu {

// Those of the nodes that processes in the cgroup of the container's first process may not open as
// they were given them. The kernel's own answer: a child of ours goes into that cgroup and asks by
// faccessat(2), to which the rules for devices apply, with nothing being opened. v1 shows its
// rules, except where everything is allowed but what was taken away. nullopt where nobody can tell,
// as of a container that is paused.
//
// The nodes are looked for at host_path; one that is not there with its numbers is passed over.
std::optional<std::vector<Node>> denied_nodes(const ContainerCgroup& cgroup,
                                              const std::vector<Node>& nodes);

}  // namespace xpu
