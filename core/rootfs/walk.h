// SPDX-License-Identifier: Apache-2.0
// Paths below a root descriptor, resolved so that nothing leads out of it.
#pragma once

#include <string>
#include <string_view>

#include "core/base/fd.h"

namespace xpu {

struct Walked {
  Fd fd;
  std::string path;  // resolved, "/" for the root itself
  int error = 0;     // errno; then fd is empty
};

// Component by component with O_NOFOLLOW; links are read and followed by hand, ".." goes back to
// the descriptor that was open before. `flags` as for open(2).
Walked walk_in_root(int root, std::string_view inside, int flags);

// The same in one system call where the kernel can (openat2), else by walk_in_root. Returns the
// descriptor, or an empty one with errno set.
Fd open_in_root(int root, std::string_view inside, int flags);

}  // namespace xpu
