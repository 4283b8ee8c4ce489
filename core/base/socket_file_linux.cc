// SPDX-License-Identifier: Apache-2.0
#include "core/base/socket_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "core/base/error.h"

namespace xpu {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    fail(path, " is longer than the path of a socket may be (", sizeof address.sun_path - 1,
         " bytes)");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// A socket of another type tells that it is one (EPROTOTYPE) only while somebody listens.
bool is_dead(const sockaddr_un& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

void make_way(const sockaddr_un& address, const std::string& path, const char* who) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) != 0) {
    return;
  }
  if (!S_ISSOCK(found.st_mode)) {
    fail(path, " is there and is no socket; remove it, or choose another path");
  }
  if (!is_dead(address)) {
    fail(path, ": somebody listens there already: is another ", who, " running? Stop it first");
  }
  ::unlink(path.c_str());
}

}  // namespace

ino_t bind_socket_file(const Fd& socket, const std::string& path, mode_t mode, const char* who) {
  const sockaddr_un address = address_of(path);
  make_way(address, path, who);
  // What the socket has as its mode the file gets, less the umask.
  ::fchmod(socket.get(), mode);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail_errno(path, ": cannot be made a socket");
  }
  struct stat made = {};
  if (::chmod(path.c_str(), mode) != 0 || ::lstat(path.c_str(), &made) != 0) {
    fail_errno(path);
  }
  return made.st_ino;
}

void remove_socket_file(const std::string& path, ino_t inode) noexcept {
  struct stat found = {};
  if (inode != 0 && ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode) &&
      found.st_ino == inode) {
    ::unlink(path.c_str());
  }
}

}  // namespace xpu
