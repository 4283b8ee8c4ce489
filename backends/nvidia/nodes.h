// SPDX-License-Identifier: Apache-2.0
// Device nodes: which there are, and what they belong to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/fs.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

class Nodes {
 public:
  Nodes(const sdk::Root& dev_root, const sdk::Root& sys_root);

  // Why a device cannot be used for want of a right node; "" when it can.
  std::string problem(const Gpu& gpu) const;
  std::string problem(const Gpu& gpu, const MigDevice& mig) const;

  // Paths on the host whose change would change the nodes.
  void watch(sdk::Sink& sink, const std::vector<Gpu>& gpus) const;

  void emit_control(sdk::Sink& sink) const;
  void emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const;
  void emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu, const MigDevice& mig) const;

  // The node of a GPU, and those that access files name, where they are right.
  void emit_gpu(sdk::Sink& sink, const sdk::Scope& scope, unsigned minor) const;
  void emit_access(sdk::Sink& sink, const sdk::Scope& scope, const std::string& access) const;
  // Whether a node has the major number of its driver, as far as the kernel says: one that a module
  // left behind may be another driver's by now.
  bool belongs(const std::string& node, const std::string& driver) const;

 private:
  // What is wrong with a node of a kernel driver; "" when nothing is.
  std::string wrong(const std::string& node, const std::string& driver, unsigned minor) const;
  void emit_drm(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const;

  const sdk::Root& dev_;
  const sdk::Root& sys_;
  std::map<std::string, unsigned> majors_;  // of character devices, where the kernel says
};

}  // namespace xpu::nvidia
