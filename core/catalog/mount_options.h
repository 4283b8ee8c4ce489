// SPDX-License-Identifier: Apache-2.0
// How files of a description are mounted into containers, whoever mounts them.
#pragma once

#include <string>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

// Read-only but for sockets; nothing in them is a device or set-user-ID.
std::vector<std::string> mount_options(FileKind kind);
// Of files and folders of links that are generated: nothing to execute.
std::vector<std::string> generated_mount_options();

}  // namespace xpu
