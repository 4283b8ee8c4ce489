// SPDX-License-Identifier: Apache-2.0
// What still lives of what was written down.
#pragma once

#include <vector>

#include "core/lease/lease_rows.h"

namespace xpu {

// Whether a container of this boot lives: its creator does, or the low-level runtime still has
// <runtime_root>/<id>, and not of another inode than the one whose end was asked for. A root that
// cannot be looked into says nothing, and that counts as alive.
bool container_lives(const LeaseRow& lease);

// The same for many: a root with many containers is listed once.
std::vector<bool> containers_live(const std::vector<LeaseRow>& leases);

}  // namespace xpu
