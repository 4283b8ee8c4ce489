// SPDX-License-Identifier: Apache-2.0
// Sockets that have a path.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/base/fd.h"

namespace xpu {

// Binds to `path` and returns the inode of the file that this makes; nobody may ever do more with
// it than `mode` says. Takes the place of a socket at which nobody listens. Throws Error naming the
// path: something else is there, or a program listens, which is to be `who`.
ino_t bind_socket_file(const Fd& socket, const std::string& path, mode_t mode, const char* who);

// Removes it, if it is still that one. Never throws.
void remove_socket_file(const std::string& path, ino_t inode) noexcept;

}  // namespace xpu
