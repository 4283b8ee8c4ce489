// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/record/record.h"

namespace xpu {

// The command that ends a container and starts it again, so that its low-level runtime sets it up
// anew; words where no command is known.
std::string restart_of(const Record& record);

}  // namespace xpu
