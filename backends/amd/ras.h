// SPDX-License-Identifier: Apache-2.0
// What amdgpu's RAS (reliability, availability, serviceability) has counted, out of the folder
// "ras" of a GPU's PCI function. Each <block>_err_count asks the GPU's firmware, which takes its
// time: whoever must not wait reads one file at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/amd/hardware.h"
#include "sdk/helpers/fs.h"

namespace xpu::amd {

struct RasCounts {
  // Errors since the driver was loaded, over all blocks; nullopt where the kernel counts none.
  std::optional<std::uint64_t> uncorrected, corrected;
  // Pages of memory that were taken out of use, and those for which that is pending or failed;
  // nullopt where the kernel lists none.
  std::optional<std::uint64_t> bad_pages, unsafe_pages;
};

// Everything of one GPU at once; without errors only the pages, for which the GPU is not asked.
RasCounts read_ras(const sdk::Root& sys_root, const Gpu& gpu, bool errors = true);

// The number of bad pages from which the driver gives a GPU up, where the administrator has set one
// (module parameter bad_page_threshold); nullopt where the driver decides for itself.
std::optional<std::uint64_t> bad_page_threshold(const sdk::Root& sys_root);

// The same of several GPUs, kept, and renewed one file at a time or all together.
class Ras {
 public:
  // GPUs that were known keep their counts.
  void set_gpus(const sdk::Root& sys_root, const std::vector<Gpu>& gpus);
  // Reads the next file of some GPU that is awake; true when a round over all is complete.
  bool step();
  void read_all();
  // nullptr for a GPU without counters, or before the first of its files was read.
  const RasCounts* counts(const std::string& pci) const;

 private:
  struct File {
    std::string gpu, path;
  };
  struct Kept {
    std::map<std::string, RasCounts> files;
    RasCounts sum;
  };
  void read(const File& file);

  sdk::Root sys_root_{"/"};
  std::vector<File> files_;
  std::size_t next_ = 0;
  std::map<std::string, Kept> kept_;
};

// Whether the kernel has put the GPU to sleep: reading its sensors would wake it.
bool is_asleep(const sdk::Root& sys_root, const std::string& pci_folder);

}  // namespace xpu::amd
