// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/error.h"
#include "core/base/socket_file.h"

namespace xpu {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kBacklog = 1024;

struct Address {
  sockaddr_storage bytes = {};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

Address address_of(const std::string& text, unsigned port) {
  Address out;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.bytes);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    out.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    out.size = sizeof *v6;
  } else {
    fail("metrics-address ", text, " is no IP address");
  }
  return out;
}

std::string advice(int problem, const Config& config) {
  const std::string file = config.file.empty() ? "" : cat(" of ", config.file);
  switch (problem) {
    case EADDRINUSE:
      return cat("; stop what listens there, or set another metrics-port in [xpud]", file);
    case EADDRNOTAVAIL:
      return cat("; this host has no such address: set metrics-address in [xpud]", file);
    case EACCES:
      return cat("; only root may have a port below 1024: set metrics-port in [xpud]", file);
    default:
      return "";
  }
}

Listening listen_at_path(const std::string& path) {
  Listening out;
  out.where = cat(kUnix, path);
  out.path = path;
  out.socket = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  out.inode = bind_socket_file(out.socket, path, 0660, "xpud");
  return out;
}

Listening listen_at_port(const Config& config) {
  const Address address = address_of(config.metrics_address, config.metrics_port);
  const bool v6 = address.bytes.ss_family == AF_INET6;
  const std::string place =
      cat(v6 ? "[" : "", config.metrics_address, v6 ? "]" : "", ":", config.metrics_port);
  Listening out;
  out.where = cat("http://", place, "/metrics");
  out.socket = Fd(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  ::setsockopt(out.socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (v6) {  // "::" is not all addresses of the other kind too
    ::setsockopt(out.socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  }
  if (::bind(out.socket.get(), address.get(), address.size) != 0 ||
      ::listen(out.socket.get(), kBacklog) != 0) {
    const int problem = errno;
    fail("metrics cannot be served at ", place, ": ", std::strerror(problem),
         advice(problem, config));
  }
  return out;
}

}  // namespace

Listening listen_for_metrics(const Config& config) {
  if (!config.metrics_address.starts_with(kUnix)) {
    return listen_at_port(config);
  }
  Listening out = listen_at_path(config.metrics_address.substr(kUnix.size()));
  if (::listen(out.socket.get(), kBacklog) != 0) {
    const int problem = errno;
    remove_socket_file(out.path, out.inode);
    fail(out.path, ": metrics cannot be served there: ", std::strerror(problem));
  }
  return out;
}

}  // namespace xpu
