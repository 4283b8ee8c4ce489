// SPDX-License-Identifier: Apache-2.0
#include "core/plan/number_links.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/doctor/checks.h"

namespace xpu::doctor {

std::vector<Node> nodes_without_link(const Host& host) {
  std::vector<Node> out = host.nodes();
  const std::string dev = host.path("/dev");
  std::erase_if(out, [&](const Node& node) { return has_number_link(node, dev); });
  return out;
}

// The shim makes the links of what it gives itself. What engines give by --device or CDI, and what
// ran before, has only those that are there.
Findings check_dev_char_links(const Host& host) {
  if (!host.exists("/run/systemd/system")) {
    return {skipped("systemd does not run here")};
  }
  const std::size_t all = host.nodes().size();
  const std::vector<Node> missing = nodes_without_link(host);
  if (all == 0) {
    return {skipped("no device has a node")};
  }
  if (missing.empty()) {
    return {pass(cat("all ", all, " device nodes have theirs"))};
  }
  std::string names;
  constexpr std::size_t kNamed = 3;
  for (std::size_t i = 0; i < std::min(missing.size(), kNamed); ++i) {
    names += cat(i == 0 ? "" : ", ", missing[i].host_path);
  }
  return {warning(cat(missing.size(), " of ", all, " device nodes have no link in /dev/char (",
                      names, missing.size() > kNamed ? ", ..." : "",
                      "): containers that get them by --device or CDI lose them at the next "
                      "systemctl daemon-reload"),
                  "xpu-runtime doctor --fix")};
}

}  // namespace xpu::doctor
