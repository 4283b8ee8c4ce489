// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/nodes.h"

#include "sdk/helpers/drm.h"
#include "sdk/helpers/path.h"

namespace xpu::amd {

Nodes::Nodes(const sdk::Root& dev_root, const sdk::Root& sys_root)
    : dev_(dev_root),
      sys_(sys_root),
      kfd_number_(sdk::parse_device_number(sys_root.read_line("/sys/class/kfd/kfd/dev"))) {}

std::string Nodes::problem(const Part& part) const {
  if (part.kfd) {
    std::string text = sdk::node_problem(dev_, kKfdNode, kfd_number_);
    if (!text.empty()) {
      return text;
    }
  }
  return sdk::drm_problem(dev_, part.drm);
}

void Nodes::emit(sdk::Sink& sink, const sdk::Device& device, const Part& part) const {
  const sdk::Scope scope = sdk::with(device);
  if (part.kfd && sdk::node_problem(dev_, kKfdNode, kfd_number_).empty()) {
    sdk::emit_node(sink, scope, dev_, kKfdNode);
  }
  sdk::emit_drm(sink, scope, dev_, part.drm);
}

void Nodes::watch(sdk::Sink& sink) const {
  sdk::watch_path(sink, dev_.host_path(kKfdNode));
  sink.valid_while_listing(dev_.host_path(sdk::kDrmNodes));
  sink.valid_while_listing(sys_.host_path(sdk::kDrmClass));
}

void Nodes::watch(sdk::Sink& sink, const std::vector<Gpu>& gpus) const {
  for (const Gpu& gpu : gpus) {
    // A driver that is bound anew may give the same names to other GPUs.
    if (!gpu.pci_folder.empty()) {
      sink.valid_while_listing(sys_.host_path(sdk::join(gpu.pci_folder, "drm")));
    }
    // The listings show what comes and goes. What is there and wrong has to be looked at.
    for (const Part& part : gpu.parts) {
      for (const sdk::DrmNode& node : part.drm.nodes) {
        if (!sdk::node_problem(dev_, node.path(), node.number).empty()) {
          sdk::watch_path(sink, dev_.host_path(node.path()));
        }
      }
    }
  }
}

}  // namespace xpu::amd
