// SPDX-License-Identifier: Apache-2.0
#include "core/base/host.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>

#include "core/base/file.h"

namespace xpu {
namespace {

// The first three numbers of a text; false when it does not begin with three.
bool three_numbers(const std::string& text, std::array<unsigned, 3>& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (unsigned& number : out) {
    at = std::find_if(at, end, [](char c) { return c != ' '; });
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc()) {
      return false;
    }
    at = stop;
  }
  return true;
}

}  // namespace

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
  std::array<unsigned, 3> ids{};
  return !three_numbers(map, ids) || ids != std::array<unsigned, 3>{0, 0, UINT_MAX};
}

}  // namespace xpu
