// SPDX-License-Identifier: Apache-2.0
// Builds the root of a host that has a driver and GPUs: driver files after a package listing, a
// loader cache, procfs and sysfs as the kernel module fills them, device nodes, and a fake NVML.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace xpu::fakes {

struct TreeOptions {
  std::filesystem::path listing;  // folder with MERGED-ROOT.tsv and MERGED-ELF.tsv
  std::filesystem::path root;
  std::filesystem::path dev_root, sys_root;  // "": root
  // Where the files lie: as Debian's packages have them, or as Ubuntu and the installer, RHEL and
  // Arch do.
  std::string layout = "debian";
  bool alternatives = true;                 // the links that Debian makes at install time
  bool compat32 = false;                    // every library once more, as i386
  bool firmware = false;                    // gsp_*.bin
  std::vector<std::string> other_versions;  // every library once more, of these driver versions

  unsigned gpus = 1;  // 0: driver loaded, no GPU
  std::string name = "NVIDIA A100-SXM4-40GB";
  std::string memory = "42949672960";
  std::string capability = "8.0";
  std::map<unsigned, unsigned> mig;  // GPU → number of partitions; MIG mode is on
  bool loaded = true;                // the kernel module
  std::string kernel_version;        // "": that of the listing
  bool nodes = true;                 // device nodes; needs mknod
  bool drm = true;

  std::string nvml = "full";  // or "minimal", "stub" (no functions), "none"
  int nvml_init = 0;          // what nvmlInit_v2 returns
  // Numbers for the nodes in the order GPUs, control, DRM, MIG; then 240:0, 240:1, ...
  std::vector<std::pair<unsigned, unsigned>> numbers;               // empty: default_numbers()
  std::map<std::string, std::pair<unsigned, unsigned>> numbers_of;  // of single nodes, by path
  // The numbers that the kernel gives such nodes, and a /proc/devices that says so; nothing opens
  // these nodes.
  bool kernel_numbers = false;
};

// Numbers that runc does not allow by default and that can be opened on this machine.
std::vector<std::pair<unsigned, unsigned>> default_numbers();

struct Tree {
  std::string version;  // of the driver files
  // Path inside dev_root → numbers of the node, as made.
  std::vector<std::pair<std::string, std::pair<unsigned, unsigned>>> nodes;
};

// Throws std::exception naming what could not be done.
Tree make_driver_tree(const TreeOptions& options);

std::string gpu_uuid(unsigned gpu);
std::string gpu_pci(unsigned gpu);
std::string mig_uuid(unsigned gpu, unsigned partition);
unsigned gpu_instance_of(unsigned partition);
// Number of the capability node of a GPU instance; its compute instance has the next one.
unsigned capability_minor(unsigned gpu, unsigned gpu_instance);

}  // namespace xpu::fakes
