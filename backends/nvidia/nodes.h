// SPDX-License-Identifier: Apache-2.0
// Device nodes: which there are, and what they belong to.
#pragma once

#include <string>
#include <vector>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/fs.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

// The description holds while what this path of the host leads to stays the same, whatever it is.
void watch(sdk::Sink& sink, const std::string& host_path);

class Nodes {
 public:
  Nodes(const sdk::Root& dev_root, const sdk::Root& sys_root) : dev_(dev_root), sys_(sys_root) {}

  // Why a device cannot be used for want of a node; "" when it can.
  std::string problem(const Gpu& gpu) const;
  std::string problem(const Gpu& gpu, const MigDevice& mig) const;

  // Paths on the host whose change would change the nodes.
  void watch(sdk::Sink& sink, const std::vector<Gpu>& gpus) const;

  void emit_control(sdk::Sink& sink) const;
  void emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const;
  void emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu, const MigDevice& mig) const;

 private:
  std::string missing(const std::string& node) const;
  // "/dev/nvidia-caps/nvidia-cap21" for an access file of the kernel module; "" when unknown.
  std::string capability_node(const std::string& access) const;
  void emit_if_there(sdk::Sink& sink, const sdk::Scope& scope, const std::string& node) const;
  void emit_drm(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const;

  const sdk::Root& dev_;
  const sdk::Root& sys_;
};

}  // namespace xpu::nvidia
