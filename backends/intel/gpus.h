// SPDX-License-Identifier: Apache-2.0
// The GPUs of this host as the kernel drivers i915 and xe show them in sysfs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sdk/helpers/drm.h"
#include "sdk/helpers/fs.h"

namespace xpu::intel {

inline constexpr std::uint16_t kIntel = 0x8086;
inline constexpr const char* kDrm = "/sys/class/drm";

struct Gpu {
  std::string folder;  // in sysfs
  std::string card;    // that of its card in the class; of its render node where it has no card
  sdk::DrmDevice drm;
  std::string pci;     // "0000:03:00.0"
  std::string driver;  // of the kernel: "i915", "xe"; "" when the tree does not say
  std::uint16_t device_id = 0;
  int numa_node = -1;
  std::uint64_t memory_bytes = 0;  // of its own; 0: none, or not known
  std::optional<bool> integrated;
  unsigned tiles = 1;
  // Virtual functions that are switched on, whatever driver they have: number by PCI address.
  std::map<std::string, unsigned> functions;
  // Of a virtual function: PCI address of the GPU that it is part of, and its number there.
  std::string physical;
  unsigned function = 0;
};

// By PCI address.
std::vector<Gpu> find_gpus(const sdk::Root& sys_root);

// Name of the architecture ("xe-hpg", "npu-40xx") of a device; "" for one that is not known here.
std::string architecture_of(std::uint16_t device_id);
std::optional<bool> integrated_by_id(std::uint16_t device_id);

}  // namespace xpu::intel
