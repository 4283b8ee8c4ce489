// SPDX-License-Identifier: Apache-2.0
// The root of a host with AMD GPUs: what amdgpu and KFD show in sysfs, device nodes, and a fake
// management library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace xpu::fakes {

struct AmdGpu {
  std::string pci = "0000:03:00.0";
  unsigned device = 0x740f, revision = 0x02;
  unsigned gfx_version = 90010;  // 0: a kernel that does not say
  unsigned compute_units = 104;
  std::uint64_t memory = 68702699520;
  std::uint64_t unique_id = 0;  // 0: the kernel names none
  std::uint64_t hive = 0;
  unsigned socket = 0;
  std::string product_name;
  bool kfd = true;
  bool integrated = false;  // one KFD node for its CPU and itself
  // "CPX" and "NPS4"; "" for a GPU that cannot be divided.
  std::string compute_mode, memory_mode;
  unsigned parts = 1, most_parts = 1;
  bool parts_as_functions = false;  // the first kernels that divided GPUs
  bool tells_render_minor = true;
  int gpu_id = -1;            // -1: as the kernel makes them; 0: KFD does not drive it
  bool ids_of_parts = false;  // a kernel that gives each part an id of its own
  int uncorrectable = -1;     // errors of memory; -1: the kernel does not count them
};

struct AmdMachine {
  std::filesystem::path root;
  std::vector<AmdGpu> gpus;
  unsigned sockets = 1;
  unsigned first_minor = 0;  // of the cards; others have those before it
  bool nodes = true;         // needs root
  std::string driver = "6.12.12";
  // Numbers for the device nodes: KFD's, then card and render node of each DRM device. Those that
  // are missing are the kernel's usual ones.
  std::vector<std::pair<unsigned, unsigned>> numbers;
  // A library to install as libamd_smi.so or librocm_smi64.so below /opt/rocm/lib, with its
  // description beside it; "" for none.
  std::string amd_smi, rocm_smi, smi_conf;
};

// Returns the nodes: path inside the root and number, in the order of `numbers`.
std::vector<std::pair<std::string, std::pair<unsigned, unsigned>>> make_amd_machine(
    const AmdMachine& machine);

}  // namespace xpu::fakes
