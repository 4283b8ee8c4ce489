// SPDX-License-Identifier: Apache-2.0
// The GPUs of this host and their partitions, from the kernel: KFD's topology and the files of
// their PCI functions. What the management libraries add comes later (smi.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/amd/kfd.h"
#include "sdk/helpers/drm.h"
#include "sdk/helpers/fs.h"

namespace xpu::amd {

// A part of a GPU that programs use by itself; of a GPU that is not divided, all of it.
struct Part {
  std::optional<KfdNode> kfd;
  sdk::DrmDevice drm;
  std::uint64_t unique_id = 0, memory_bytes = 0, compute_units = 0;
};

struct Gpu {
  std::string pci;           // "0000:65:00.0"; "" when unknown
  std::string pci_folder;    // in sysfs; "" where there is none
  std::string name;          // marketing name; "" when unknown
  std::string architecture;  // "gfx90a"
  std::string health;        // "ok", "degraded"; "" when unknown
  std::string mode;          // "cpx_nps4"; "" for a GPU that cannot be divided
  std::string uuid;          // as the management library forms it
  std::uint64_t unique_id = 0, hive_id = 0, memory_bytes = 0, compute_units = 0;
  int numa_node = -1;
  bool integrated = false;
  bool divided = false;     // `parts` are devices of their own
  std::vector<Part> parts;  // at least one, by render minor
};

// In the order of AMD's own container runtime: by PCI address.
std::vector<Gpu> read_gpus(const Kfd& kfd, const sdk::Root& sys_root, const sdk::Root& driver_root);

// Of the kernel module: its own, else the kernel's; "" when neither is known.
std::string driver_version(const sdk::Root& sys_root);

struct Connection {
  std::size_t first = 0, second = 0;  // places among the GPUs
  std::string type;                   // "xgmi", "pcie"
  std::uint32_t weight = 0;           // higher is closer
};
// One for each pair of GPUs that the topology connects. Parts of one GPU are not listed: they are
// as close as their GPU is.
std::vector<Connection> connections(const Kfd& kfd, const std::vector<Gpu>& gpus);

}  // namespace xpu::amd
