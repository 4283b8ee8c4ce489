// SPDX-License-Identifier: Apache-2.0
#include "core/plan/number_links.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/fd.h"

namespace xpu {
namespace {

void make_link(const Node& node, const std::string& dev) {
  const std::string folder = cat(dev, node.type == 'b' ? "/block" : "/char");
  const std::string link = cat(folder, '/', node.major, ':', node.minor);
  struct stat status = {};
  if (::lstat(link.c_str(), &status) == 0) {
    return;
  }
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    fail_errno("cannot create the folder ", folder);
  }
  const Fd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const std::string name = link.substr(folder.size() + 1);
  if (!fd ||
      (::symlinkat(node.host_path.c_str(), fd.get(), name.c_str()) != 0 && errno != EEXIST)) {
    fail_errno("cannot create the link ", link, " to ", node.host_path);
  }
}

}  // namespace

void make_number_links(const Plan& plan, const std::string& dev) {
  for (const PlannedDevice& device : plan.devices) {
    make_link(device.node, dev);
  }
  for (const Node& node : plan.device_rules) {
    make_link(node, dev);
  }
}

}  // namespace xpu
