// SPDX-License-Identifier: Apache-2.0
// Device nodes: the compute driver's one for all GPUs, and the card and render node of each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/amd/hardware.h"
#include "sdk/helpers/nodes.h"
#include "xpu/backend.hpp"

namespace xpu::amd {

inline constexpr const char* kKfdNode = "/dev/kfd";

class Nodes {
 public:
  Nodes(const sdk::Root& dev_root, const sdk::Root& sys_root);

  // Why a part cannot be used for want of a right node; "" when it can.
  std::string problem(const Part& part) const;
  void emit(sdk::Sink& sink, const sdk::Device& device, const Part& part) const;
  // What would change the nodes.
  void watch(sdk::Sink& sink) const;
  void watch(sdk::Sink& sink, const std::vector<Gpu>& gpus) const;

 private:
  const sdk::Root& dev_;
  const sdk::Root& sys_;
  std::optional<sdk::DeviceNumber> kfd_number_;  // as the kernel says
};

}  // namespace xpu::amd
