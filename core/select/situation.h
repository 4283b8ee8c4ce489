// SPDX-License-Identifier: Apache-2.0
// What a selection depends on besides request and catalogs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/choose/load.h"
#include "core/figures/figures.h"
#include "core/health/health.h"
#include "core/lease/lease.h"
#include "core/policy/policy.h"

namespace xpu {

struct Situation {
  Policy policy;
  Holdings holdings;
  Figures figures;
  std::string currency;  // that prices are compared in: those in another are as if unknown; "": any
  std::map<std::string, LoadSample> load;  // by device id
  std::vector<HealthMark> marks;           // of devices of which an event told
  // NUMA nodes of the CPUs that the container may run on; empty: any.
  std::vector<int> numa_nodes;
  // The container that is being started: what it holds or waits for is not in its own way.
  std::string runtime_root, id;
};

}  // namespace xpu
