// SPDX-License-Identifier: Apache-2.0
// The containers of now, for commands that look at them.
#pragma once

#include <vector>

#include "core/config/config.h"
#include "core/record/record.h"
#include "core/usage/usage.h"

namespace xpu {

// Records of containers that live, the oldest first. Ends the accounts of those that do not, and
// forgets them.
std::vector<Record> live_records(const Config& config);

// What they use.
std::vector<Usage> live_usages(const Config& config);

}  // namespace xpu
