// SPDX-License-Identifier: Apache-2.0
// The part of NVML's C ABI that is used here, declared anew: nothing of the vendor's headers is
// needed to build. Layouts are those of NVML 11 to 13; none of them carries a version field.
#pragma once

#include <cstdint>

namespace xpu::nvidia::nvml {

using Status = int;
inline constexpr Status kSuccess = 0;
inline constexpr Status kNotSupported = 3;
inline constexpr Status kNotFound = 6;
inline constexpr Status kDriverNotLoaded = 9;
inline constexpr Status kFunctionNotFound = 13;
inline constexpr Status kVersionMismatch = 18;

using Device = struct OpaqueDevice*;

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device;
  unsigned pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68);

struct Memory {
  std::uint64_t total, free, used;
};

struct Attributes {
  unsigned multiprocessors, copy_engines, decoders, encoders, jpegs, ofas;
  unsigned gpu_instance_slices, compute_instance_slices;
  std::uint64_t memory_mib;
};
static_assert(sizeof(Attributes) == 40);

inline constexpr unsigned kMigEnabled = 1;
inline constexpr unsigned kLinkActive = 1;
inline constexpr unsigned kMaxLinks = 18;

}  // namespace xpu::nvidia::nvml
