// SPDX-License-Identifier: Apache-2.0
#include "core/doctor/fix.h"

#include "core/base/error.h"
#include "core/doctor/checks.h"
#include "core/plan/number_links.h"

namespace xpu::doctor {

Mended make_missing_links(const Host& host) {
  Mended out;
  for (const Node& node : nodes_without_link(host)) {
    const std::string link =
        cat(node.type == 'b' ? "/dev/block/" : "/dev/char/", node.major, ':', node.minor);
    try {
      make_number_link(node, host.path("/dev"));
      out.done.push_back(cat("made the link ", link, " to ", node.host_path));
    } catch (const Error& error) {
      out.failed.push_back(error.what());
    }
  }
  return out;
}

std::vector<std::string> missing_nodes(const Host& host) {
  std::vector<std::string> out;
  for (const Backend& backend : host.backends) {
    for (const DoctorHints::Node& node : backend.hints.nodes) {
      const bool wanted = node.if_exists.empty() || host.exists(node.if_exists);
      if (wanted && !host.is_device(node.path)) {
        out.push_back(node.path);
      }
    }
  }
  return out;
}

}  // namespace xpu::doctor
