// SPDX-License-Identifier: Apache-2.0
// What GPUs this host has, whoever said so: NVML, or procfs where NVML does not answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/nvidia/nvml.h"
#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

struct MigDevice {
  // NVML's number: gaps are kept. nullopt: only the kernel module told of it.
  std::optional<unsigned> index;
  unsigned gpu_instance = 0, compute_instance = 0;
  std::string uuid, name;
  std::uint64_t memory_bytes = 0;
};

struct Gpu {
  unsigned index = 0;
  std::string uuid, name, brand;
  std::string architecture;  // compute capability, "8.9"
  std::string pci;           // "0000:65:00.0"; "" when unknown
  std::uint64_t memory_bytes = 0;
  std::optional<unsigned> minor;  // of /dev/nvidia<minor>
  int numa_node = -1;
  std::optional<bool> mig_enabled;  // nullopt: cannot be partitioned
  std::vector<MigDevice> mig;
  std::string problem;  // why it cannot be used; "" otherwise
  std::string health;   // "ok", "degraded", "failed"; "" when unknown
  std::string health_reason;
};

struct Connection {
  unsigned first = 0, second = 0;  // indices of GPUs
  std::string type;                // "nvlink", "pcie"
  std::uint32_t weight = 0;
};

struct Hardware {
  std::string driver, cuda;  // versions; "" when unknown
  std::vector<Gpu> gpus;
  std::vector<Connection> connections;
};

// The kernel module's own words below <sys-root>/proc/driver/nvidia.
inline constexpr const char* kProc = "/proc/driver/nvidia";

// "550.163.01" out of the first line of the version file; "" when it has none.
std::string parse_driver_version(const std::string& text);
// "<three digits or more>.<digits>[.<digits>]".
bool is_driver_version(std::string_view text);

// GPUs in the order of their PCI addresses, which is NVML's order too.
std::vector<Gpu> gpus_from_proc(const sdk::Root& sys_root);

// After a successful init(). What an older library does not answer is filled in from procfs and
// sysfs. Throws std::runtime_error when the GPUs cannot even be counted.
Hardware hardware_from_nvml(const Nvml& nvml, const sdk::Root& sys_root);

}  // namespace xpu::nvidia
