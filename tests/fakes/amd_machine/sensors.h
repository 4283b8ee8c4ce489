// SPDX-License-Identifier: Apache-2.0
// The sensors of a fake GPU: files of its PCI function, its hwmon, and its gpu_metrics.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace xpu::fakes {

// Those of an MI210 that works, in the units of the kernel's files. `folder` is that of the PCI
// function; files that are already there are replaced.
void make_amd_sensors(const std::filesystem::path& folder, std::uint64_t memory_used);

// A gpu_metrics file, whose fields are given by their places: all others are unknown (all bits
// set), as the driver leaves them. A field is `bytes` long.
struct MetricsField {
  unsigned offset, bytes;
  std::uint64_t value;
};
std::string gpu_metrics_file(unsigned format, unsigned content, std::size_t size,
                             std::initializer_list<MetricsField> fields);

}  // namespace xpu::fakes
