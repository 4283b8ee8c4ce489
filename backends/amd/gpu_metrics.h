// SPDX-License-Identifier: Apache-2.0
// The file gpu_metrics of a GPU: a structure of the driver's, whose layout is told by its header
// (drivers/gpu/drm/amd/include/kgd_pp_interface.h). Only layouts that are known by version and size
// are read, and of them only what means the same on every GPU that has them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu::amd {

struct GpuMetrics {
  std::optional<double> energy_joules;  // since the driver was loaded
  std::optional<double> media;          // utilisation, 0 to 1
  std::optional<double> media_hertz;
  // Traffic of each XGMI link in bytes; nullopt for one that is not there.
  std::vector<std::optional<double>> xgmi_received, xgmi_transmitted;
  // Reason → whether it slows the GPU now ("thermal", "power", "current", "other").
  std::map<std::string, bool> throttled;
  // Reason → how long it did so far, in units of the firmware's: what grows is in force.
  std::map<std::string, std::uint64_t> throttle_residency;
  // Utilisation of each part of a divided GPU, by its number.
  std::vector<std::optional<double>> parts;
};

// nullopt for a layout that is not known. `energy_is_known`: the GPU is one whose energy counter
// has the unit of newer layouts also where the layout does not say so.
std::optional<GpuMetrics> parse_gpu_metrics(std::string_view bytes, bool energy_is_known);

}  // namespace xpu::amd
