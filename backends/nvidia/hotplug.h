// SPDX-License-Identifier: Apache-2.0
// Which messages of the kernel are about NVIDIA's devices and drivers, and what they say.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "sdk/helpers/fs.h"
#include "sdk/helpers/uevents.h"
#include "xpu/live.hpp"

namespace xpu::nvidia {

struct Report {
  sdk::EventKind kind = sdk::EventKind::kChanged;
  std::string device;  // PCI address; "" for a module
  std::string reason;
};

class Hotplug {
 public:
  explicit Hotplug(const sdk::Root& sys_root) : sys_root_(sys_root) {}

  // Learns which GPUs there are: messages about what was removed say little of it.
  void look();
  // nullopt: not about us, or nothing that a description depends on.
  std::optional<Report> report_of(const sdk::Uevent& event);

 private:
  std::optional<Report> report_of_pci(const sdk::Uevent& event);
  bool is_gpu(const sdk::Uevent& event) const;

  const sdk::Root& sys_root_;
  std::set<std::string> gpus_;  // by address
};

}  // namespace xpu::nvidia
