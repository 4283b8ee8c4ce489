// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/make_node.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sdk/helpers/path.h"

namespace xpu::sdk {
namespace {

bool is_there(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

std::string problem_with(const std::string& what, const std::string& path, int error) {
  return "cannot " + what + " " + path + ": " + std::strerror(error);
}

std::string make_folder(const std::string& folder) {
  if (folder.empty() || is_there(folder)) {
    return "";
  }
  if (std::string problem = make_folder(dir_name(folder)); !problem.empty()) {
    return problem;
  }
  return mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST
             ? ""
             : problem_with("create the folder", folder, errno);
}

}  // namespace

std::string make_node(const std::string& path, const NewNode& node) {
  if (is_there(path)) {
    return "";
  }
  if (std::string problem = make_folder(dir_name(path)); !problem.empty()) {
    return problem;
  }
  // Made beside its place and linked there: link() never replaces what another one made meanwhile.
  const std::string temporary =
      join(dir_name(path), ".xpu-" + std::to_string(getpid()) + "-" + base_name(path));
  const dev_t numbers = makedev(node.major_number, node.minor_number);
  const bool made = mknod(temporary.c_str(), S_IFCHR, numbers) == 0 &&
                    lchown(temporary.c_str(), node.uid, node.gid) == 0 &&
                    chmod(temporary.c_str(), node.mode & 07777U) == 0 &&
                    (link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  unlink(temporary.c_str());
  return made ? "" : problem_with("create the device node", path, error);
}

}  // namespace xpu::sdk
