// SPDX-License-Identifier: Apache-2.0
// What a DRM driver of the kernel accounts for one open file: /proc/PID/fdinfo/N, see the kernel's
// Documentation/gpu/drm-usage-stats.rst.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace xpu {

struct DrmEngine {
  double seconds = 0;                          // busy since the file was opened
  bool timed = false;                          // `seconds` is told; else only cycles are
  std::uint64_t cycles = 0, total_cycles = 0;  // busy, and altogether, of the engine's clock
  unsigned capacity = 1;                       // engines of that name
};

struct DrmUsage {
  std::string device;                     // PCI address; "" for a device that has none
  std::string client;                     // one for all files that are copies of each other
  std::map<std::string, double> regions;  // bytes
  std::map<std::string, DrmEngine> engines;

  bool is_drm() const { return !driver.empty(); }
  std::string driver;
};

// Lines that are not as they should be are passed over, and so are names that are no label.
DrmUsage parse_fdinfo(std::string_view text);

// Of the device's own memory, where the driver tells it apart; else all.
double memory_of(const std::map<std::string, double>& regions);

}  // namespace xpu
