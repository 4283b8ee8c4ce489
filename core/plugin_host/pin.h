// SPDX-License-Identifier: Apache-2.0
// A library whose manifest states its hash.
#pragma once

#include <string>

#include "core/base/fd.h"

namespace xpu {

// A copy of the file behind `fd` that cannot be changed, once its SHA-256 is found to be `sha256`
// (64 digits, lower case). Throws Error that names `path`.
Fd pinned(int fd, const std::string& path, const std::string& sha256);

}  // namespace xpu
