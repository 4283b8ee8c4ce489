// SPDX-License-Identifier: Apache-2.0
// The topology of the kernel's compute driver (KFD) below /sys/class/kfd: one node for each CPU
// socket, GPU and partition of a GPU, and the links between them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::amd {

inline constexpr const char* kTopology = "/sys/class/kfd/kfd/topology";
inline constexpr const char* kPciDriver = "/sys/bus/pci/drivers/amdgpu";
// A folder for each process that uses KFD, by its number.
inline constexpr const char* kKfdProcesses = "/sys/class/kfd/kfd/proc";

struct KfdNode {
  unsigned number = 0;
  std::uint64_t cpu_cores = 0, simd_count = 0, simd_per_cu = 0;
  std::uint64_t gfx_target_version = 0;  // 90010 is gfx90a; 0 in old kernels
  std::uint64_t device_id = 0;           // of PCI
  // Function of the PCI device; of a divided GPU, the number of the partition in bits 28 to 31.
  std::uint64_t location_id = 0, domain = 0;
  std::uint64_t render_minor = 0;  // of /dev/dri/renderD<minor>; 0 where there is none
  std::uint64_t unique_id = 0, hive_id = 0;
  std::uint64_t memory_bytes = 0;  // of its own; 0 where the topology does not say
  std::uint32_t gpu_id = 0;        // what the compute driver calls it; 0 where it does not say

  bool usable = true;  // false: no GPU, whatever else its properties say

  bool is_gpu() const { return usable && (simd_count > 0 || render_minor > 0); }
  std::uint64_t partition() const { return location_id >> 28 & 0xf; }
  std::string pci() const;  // "" where the topology does not say
};

struct KfdLink {
  enum class Type { kPcie, kXgmi, kOther } type = Type::kOther;
  unsigned to = 0;      // number of the other node
  unsigned weight = 0;  // lower is closer
};

class Kfd {
 public:
  // A host without KFD has no nodes. A node whose properties cannot be read is left out: to a
  // process that may not use it the kernel does not show it either.
  explicit Kfd(const sdk::Root& sys_root);

  bool present() const { return present_; }
  const std::vector<KfdNode>& nodes() const { return nodes_; }  // in the kernel's order
  // From one node to others, direct ones and those that the kernel knows to work through others.
  const std::vector<KfdLink>& links(unsigned number) const;

 private:
  void move_part_numbers(const sdk::Root& sys_root);

  sdk::Root folder_;  // of the nodes, links followed: a machine has thousands of files there
  bool present_ = false;
  std::vector<KfdNode> nodes_;
  mutable std::map<unsigned, std::vector<KfdLink>> links_;  // those that were asked for
};

}  // namespace xpu::amd
