// SPDX-License-Identifier: Apache-2.0
// Which process a pid means, now and later.
#pragma once

#include <cstdint>
#include <string>

namespace xpu {

// A process of that pid that began at that time (0: at any) and is no zombie.
bool process_runs(std::int64_t pid, std::uint64_t start_time);

}  // namespace xpu
