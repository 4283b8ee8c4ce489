// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/config/state_dir.h"

namespace xpu {

bool is_system_wide() {
  // Root of a user namespace is an ordinary user, and /run is not its own.
  return ::geteuid() == 0 && !in_user_namespace();
}

std::string default_state_dir(bool system_wide) {
  if (system_wide) {
    return "/run/xpu";
  }
  const std::string runtime_dir = absolute_variable("XDG_RUNTIME_DIR");
  if (!runtime_dir.empty()) {
    return cat(runtime_dir, "/xpu");
  }
  return ::geteuid() == 0 ? "/run/xpu" : cat("/run/user/", ::geteuid(), "/xpu");
}

}  // namespace xpu
