// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "core/base/error.h"
#include "core/base/trust.h"
#include "core/plan/draft.h"

namespace xpu {

// A container writes into a socket, and believes what it reads from it. A daemon's own user may
// have its folder from root; but where anybody can make an entry, or by a link, another user's
// socket could stand in for the daemon's, or any socket of the host's for that user's.
std::string socket_problem(const std::string& host_path) {
  constexpr int kMaxLinks = 40;
  std::string path = host_path;
  int links = 0;
  bool shared = false;  // others can write the folder that holds the component
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string step = path.substr(0, end);
    struct stat status = {};
    if (::lstat(step.c_str(), &status) != 0) {
      return "";  // gone: said by checked_source()
    }
    const bool link = S_ISLNK(status.st_mode);
    if ((link || shared) && !trusted_owner(status.st_uid)) {
      return cat(step, " belongs to user ", status.st_uid, ", who may have put ",
                 link ? "that link" : "it",
                 " there in place of the driver's; if it is right, run: ",
                 link ? "chown -h root " : "chown root ", step);
    }
    if (link) {
      char target[PATH_MAX];
      const ssize_t length = ::readlink(step.c_str(), target, sizeof(target));
      if (length <= 0 || ++links > kMaxLinks) {
        return "";  // as above
      }
      const std::string to(target, static_cast<std::size_t>(length));
      const std::string rest = end == std::string::npos ? "" : path.substr(end);
      path = cat(to[0] == '/' ? "" : step.substr(0, step.rfind('/') + 1), to, rest);
      end = 0;
      shared = false;
      continue;
    }
    if (end == std::string::npos) {
      return "";
    }
    shared = (status.st_mode & 022) != 0;
  }
}

}  // namespace xpu
