// SPDX-License-Identifier: Apache-2.0
#include "core/base/host.h"

#include <climits>
#include <cstdio>

#include "core/base/file.h"

namespace xpu {

const std::string& boot_id() {
  static const std::string id = [] {
    const std::string text =
        read_file_if_present("/proc/sys/kernel/random/boot_id", 256).value_or(std::string());
    return text.substr(0, text.find('\n'));
  }();
  return id;
}

bool in_user_namespace() {
  // The initial one maps everything to itself, in one line.
  const std::string map =
      read_file_if_present("/proc/self/uid_map", 1U << 16).value_or("0 0 4294967295");
  unsigned first = 0, lower = 0, count = 0;
  return std::sscanf(map.c_str(), "%u %u %u", &first, &lower, &count) != 3 || first != 0 ||
         lower != 0 || count != UINT_MAX;
}

}  // namespace xpu
