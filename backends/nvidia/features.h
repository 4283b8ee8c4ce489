// SPDX-License-Identifier: Apache-2.0
// What a container gets only when it switches it on: storage, network and fabric beside the GPUs,
// and rights over MIG. The manifest names the variables.
#pragma once

#include <vector>

#include "backends/nvidia/nodes.h"

namespace xpu::nvidia {

class Features {
 public:
  Features(const sdk::Root& driver_root, const sdk::Root& dev_root, const sdk::Root& sys_root,
           const Nodes& nodes)
      : driver_(driver_root), dev_(dev_root), sys_(sys_root), nodes_(nodes) {}

  // Paths whose change would change the features.
  void watch(sdk::Sink& sink) const;
  // Features that this host has not are not emitted: a container that asks for one is refused.
  // `devices`: what `gpus` were emitted as.
  void emit(sdk::Sink& sink, const std::vector<Gpu>& gpus,
            const std::vector<sdk::Device>& devices) const;

 private:
  void emit_nodes(sdk::Sink& sink) const;
  void emit_channels(sdk::Sink& sink) const;
  void emit_partitioning(sdk::Sink& sink, const std::vector<Gpu>& gpus,
                         const std::vector<sdk::Device>& devices, const char* feature,
                         const char* right) const;

  const sdk::Root& driver_;
  const sdk::Root& dev_;
  const sdk::Root& sys_;
  const Nodes& nodes_;
};

}  // namespace xpu::nvidia
