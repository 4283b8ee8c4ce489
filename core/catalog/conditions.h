// SPDX-License-Identifier: Apache-2.0
// The typed conditions under which a description stays true.
#pragma once

#include <string>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

// Fills `expected` with what is found now. A path that cannot be read is no error: that it cannot
// is what was found.
void take_snapshot(std::vector<Condition>& conditions);
// True when every condition still holds. `changed` (may be null) receives the first that does not,
// as text for a person ("/proc/driver/x/version changed").
bool still_valid(const std::vector<Condition>& conditions, std::string* changed);

// True when `path`, or what exists of it before the first symbolic link, is on sysfs or procfs,
// where times and sizes of files mean nothing.
bool on_kernel_filesystem(const std::string& path);

// Seconds since boot, suspend included.
std::uint64_t boot_seconds();

}  // namespace xpu
