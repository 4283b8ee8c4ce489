// SPDX-License-Identifier: Apache-2.0
#include <sys/sysctl.h>

#include <array>

#include "core/base/host.h"

namespace xpu {

const std::string& boot_id() {
  static const std::string id = [] {
    std::array<char, 256> text{};
    std::size_t size = text.size() - 1;
    return ::sysctlbyname("kern.bootsessionuuid", text.data(), &size, nullptr, 0) == 0
               ? std::string(text.data())
               : std::string();
  }();
  return id;
}

bool in_user_namespace() {
  return false;
}

}  // namespace xpu
