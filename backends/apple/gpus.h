// SPDX-License-Identifier: Apache-2.0
// The GPUs of an Apple host that Linux has a driver for.
#pragma once

#include <string>
#include <vector>

#include "backends/apple/drm.h"
#include "backends/apple/machine.h"
#include "sdk/helpers/drm.h"
#include "sdk/helpers/fs.h"

namespace xpu::apple {

// The option apple-host.
enum class HostRule { kAuto, kYes, kNo };

struct Gpu {
  bool venus = false;        // of a virtual machine's host; otherwise driven by asahi
  std::string name;          // "Apple M1"
  std::string architecture;  // "g13g"; "" when unknown
  std::string chip;          // "t8103"; "" when unknown
  std::string bus_name;      // of the kernel: "406400000.gpu", "virtio0"
  std::string pci;           // "0000:00:02.0"; "" when it is not on PCI
  std::string driver;        // version of the kernel driver; "" when unknown
  unsigned cores = 0;        // 0: unknown
  sdk::DrmDevice drm;
  std::string problem;  // why it cannot be given to a container; "" when it can
};

struct Gpus {
  std::vector<Gpu> found;
  std::vector<std::string> passed_over;  // why others are none: one line each
};

// Throws std::runtime_error for one that is there but cannot be asked what it is.
Gpus find_gpus(const sdk::Root& sys_root, const sdk::Root& dev_root, const DrmCalls& calls,
               HostRule rule);

}  // namespace xpu::apple
