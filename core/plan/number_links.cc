// SPDX-License-Identifier: Apache-2.0
#include "core/plan/number_links.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/fd.h"

namespace xpu {
namespace {

bool leads_to(const std::string& link, const Node& node) {
  struct stat status = {};
  return ::stat(link.c_str(), &status) == 0 &&
         (node.type == 'b' ? S_ISBLK(status.st_mode) : S_ISCHR(status.st_mode)) &&
         status.st_rdev == makedev(node.major, node.minor);
}

std::string folder_of(const Node& node, const std::string& dev) {
  return cat(dev, node.type == 'b' ? "/block" : "/char");
}

std::string name_of(const Node& node) {
  return cat(node.major, ':', node.minor);
}

}  // namespace

bool has_number_link(const Node& node, const std::string& dev) {
  return leads_to(cat(folder_of(node, dev), '/', name_of(node)), node);
}

void make_number_link(const Node& node, const std::string& dev) {
  const std::string folder = folder_of(node, dev);
  const std::string name = name_of(node);
  const std::string link = cat(folder, '/', name);
  if (leads_to(link, node)) {
    return;
  }
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    fail_errno("cannot create the folder ", folder);
  }
  const Fd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // A driver that was loaded anew leaves links behind that lead nowhere or to another device.
  const std::string temporary = cat(".xpu-", ::getpid(), '-', name);
  const bool made =
      fd &&
      (::symlinkat(node.host_path.c_str(), fd.get(), temporary.c_str()) == 0 || errno == EEXIST) &&
      ::renameat(fd.get(), temporary.c_str(), fd.get(), name.c_str()) == 0;
  if (!made) {
    const int error = errno;
    if (fd) {
      ::unlinkat(fd.get(), temporary.c_str(), 0);
    }
    errno = error;
    fail_errno("cannot create the link ", link, " to ", node.host_path);
  }
}

void make_number_links(const Plan& plan, const std::string& dev) {
  for (const PlannedDevice& device : plan.devices) {
    make_number_link(device.node, dev);
  }
  for (const Node& node : plan.device_rules) {
    make_number_link(node, dev);
  }
}

}  // namespace xpu
