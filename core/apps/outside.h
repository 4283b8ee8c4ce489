// SPDX-License-Identifier: Apache-2.0
// Containers that have device nodes which this runtime did not give them: by `--device`, or by CDI
// in the engine. Seen in the state of the low-level runtimes, as far as it can be read.
#pragma once

#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/record/record.h"

namespace xpu {

struct OutsideRow {
  std::string id, runtime_root;
  std::string bundle;                // "" where the state does not say
  std::vector<std::string> devices;  // ids
};

struct DeviceNode {
  std::string device;  // id
  Node node;
};

// `nodes`: those that belong to one device only; what all containers with a device have says
// nothing. Sorted by root and id.
std::vector<OutsideRow> outside_containers(const std::vector<std::string>& runtime_roots,
                                           const Records& records,
                                           const std::vector<DeviceNode>& nodes);

// Folders below `run` ("/run") in which engines have their low-level runtime keep its state.
std::vector<std::string> usual_runtime_roots(const std::string& run);

// Where docker, which has a root for each runtime (".../runtime-NAME/moby"), keeps the state of its
// other containers; empty for a root of another form.
std::vector<std::string> beside(const std::string& runtime_root);

}  // namespace xpu
