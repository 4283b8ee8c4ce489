// SPDX-License-Identifier: Apache-2.0
// Where reports go. For core/report only.
#pragma once

#include <sys/un.h>

#include <cstring>
#include <string>

namespace xpu {

inline constexpr char kReportSocket[] = "/xpud.socket";

// False for a folder whose name is too long for the address of a socket.
inline bool report_address(const std::string& state_dir, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (state_dir.size() + sizeof kReportSocket > sizeof address.sun_path) {
    return false;
  }
  std::memcpy(address.sun_path, state_dir.data(), state_dir.size());
  std::memcpy(address.sun_path + state_dir.size(), kReportSocket, sizeof kReportSocket);
  return true;
}

}  // namespace xpu
