// SPDX-License-Identifier: Apache-2.0
// The typed conditions under which a description stays true.
#pragma once

#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

// Fills `expected` with what is found now.
void take_snapshot(std::vector<Condition>& conditions);
// True when every condition still holds. `changed` (may be null) receives the first that does not,
// as text for a person ("/proc/driver/x/version changed").
bool still_valid(const std::vector<Condition>& conditions, std::string* changed);

}  // namespace xpu
