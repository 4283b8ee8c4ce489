// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
#include <climits>

#include "core/base/error.h"
#include "core/config/state_dir.h"

namespace xpu {

bool is_system_wide() {
  return ::geteuid() == 0;
}

std::string default_state_dir(bool system_wide) {
  if (system_wide) {
    return "/var/run/xpu";
  }
  // Each user has a folder of their own below /var/folders, which ends in a slash.
  std::array<char, PATH_MAX> folder{};
  const std::size_t size = ::confstr(_CS_DARWIN_USER_TEMP_DIR, folder.data(), folder.size());
  if (size == 0 || size > folder.size()) {
    return cat("/tmp/xpu-", ::geteuid());
  }
  return cat(folder.data(), "xpu");
}

}  // namespace xpu
