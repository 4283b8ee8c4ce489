// SPDX-License-Identifier: Apache-2.0
// Measuring, from sysfs alone: no library of the vendor's is needed, and none is loaded for it.
//
//   PCI function           memory, utilisation, PCIe replays, clocks where hwmon has none, RAS
//   its hwmon              temperatures, power, limit, energy, clocks, fan
//   its gpu_metrics        media engine, energy, XGMI traffic, throttling, utilisation of parts
//   KFD's topology         memory of parts, where the kernel tells what of it is in use
//   KFD's processes        memory, copy engine and share of compute units of each
// What DRM's clients use, graphics among them, the runtime reads by itself (fdinfo).
//
// A GPU that the kernel has put to sleep is left asleep: it has a total of memory, and no more.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/amd/gpu_metrics.h"
#include "backends/amd/hardware.h"
#include "backends/amd/options.h"
#include "backends/amd/ras.h"
#include "xpu/live.hpp"

namespace xpu::amd {

class Sampler {
 public:
  explicit Sampler(Ras& ras) : ras_(ras) {}

  // Throws sdk::Absent where there is nothing of AMD's.
  void start(sdk::Samples& samples);
  void sample(sdk::Samples& samples);

 private:
  struct One {  // a GPU, as its samples name it
    const Gpu& gpu;
    std::string id;      // "amd:0"
    sdk::Root function;  // the folder of its PCI function, links followed
  };
  void read_gpus_when_changed();
  void sample_gpu(sdk::Samples& samples, const One& one);
  void sample_metrics(sdk::Samples& samples, const One& one, bool has_energy);
  void sample_throttling(sdk::Samples& samples, const One& one, const GpuMetrics& metrics);
  void sample_parts(sdk::Samples& samples, const One& one, const GpuMetrics* metrics);
  void sample_ras(sdk::Samples& samples, const One& one);
  void sample_processes(sdk::Samples& samples);
  void read_ras_sometimes();

  Ras& ras_;
  Host host_{sdk::Root("/"), sdk::Root("/"), sdk::Root("/"), ""};
  std::string listed_;  // what the list of GPUs depends on, when it was read
  std::vector<Gpu> gpus_;
  std::optional<std::chrono::steady_clock::time_point> ras_read_;
  // Of the last sample, by PCI address.
  std::map<std::string, std::map<std::string, std::uint64_t>> residency_;
};

}  // namespace xpu::amd
