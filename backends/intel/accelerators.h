// SPDX-License-Identifier: Apache-2.0
// NPUs (driver intel_vpu) and Gaudi accelerators (driver habanalabs) as sysfs shows them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/intel/class_device.h"
#include "backends/intel/gpus.h"
#include "sdk/helpers/fs.h"
#include "sdk/helpers/nodes.h"

namespace xpu::intel {

inline constexpr std::uint16_t kHabana = 0x1da3;
inline constexpr const char* kAccel = "/sys/class/accel";
// Own class of habanalabs, before it took part in the other one.
inline constexpr const char* kOldGaudi = "/sys/class/habanalabs";
inline constexpr const char* kVerbs = "/sys/class/infiniband_verbs";

struct AcceleratorNode {
  std::string path;  // "/dev/accel/accel0"
  std::optional<sdk::DeviceNumber> number;
};

struct Accelerator {
  std::string folder;  // in sysfs
  std::string pci;
  std::string pci_file;  // as in ClassDevice
  std::string driver;
  std::uint16_t vendor = 0, device_id = 0;
  int numa_node = -1;
  unsigned number = 0;  // of its node: 10 of accel10
  AcceleratorNode node;
  // Gaudi only.
  std::optional<AcceleratorNode> control;
  std::string type;                // "GAUDI2"
  std::string status;              // "Operational"
  std::string module_id;           // place in its server
  std::string status_file;         // where the status stands, inside the root
  std::vector<std::string> verbs;  // nodes of its RDMA ports: "/dev/infiniband/uverbs3"
};

// By PCI address.
std::vector<Accelerator> find_npus(const sdk::Root& sys_root);
// By number.
std::vector<Accelerator> find_gaudis(const sdk::Root& sys_root);

}  // namespace xpu::intel
