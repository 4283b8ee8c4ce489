// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace xpu {
namespace {

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string out = value == nullptr ? "" : value;
  ::unsetenv(name);
  return out;
}

std::int64_t number(const std::string& text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? out : 0;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager out;
  out.address_ = take_variable("NOTIFY_SOCKET");
  const std::int64_t microseconds = number(take_variable("WATCHDOG_USEC"));
  const std::string pid = take_variable("WATCHDOG_PID");
  if (microseconds > 0 && (pid.empty() || number(pid) == ::getpid())) {
    out.watchdog_ms_ = std::max<std::int64_t>(microseconds / 2000, 1);
  }
  // A path, or '@' for a name that is in no file system.
  if (out.address_.size() < 2 || (out.address_[0] != '/' && out.address_[0] != '@') ||
      out.address_.size() >= sizeof(sockaddr_un::sun_path)) {
    out.address_.clear();
    return out;
  }
  out.socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return out;
}

void ServiceManager::send(std::string_view text) {
  if (!socket_) {
    return;
  }
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (address_[0] == '@') {
    to.sun_path[0] = '\0';
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // A manager that does not listen is no reason to stop.
  ::sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&to), size);
}

void ServiceManager::ready() {
  send("READY=1");
}

void ServiceManager::reloading() {
  send(cat("RELOADING=1\nMONOTONIC_USEC=", monotonic_ns() / 1000));
}

void ServiceManager::stopping() {
  send("STOPPING=1");
}

void ServiceManager::status(std::string_view text) {
  send(cat("STATUS=", text));
}

void ServiceManager::alive() {
  send("WATCHDOG=1");
}

}  // namespace xpu
