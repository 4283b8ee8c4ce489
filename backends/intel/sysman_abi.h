// SPDX-License-Identifier: Apache-2.0
// The part of Level Zero's C ABI that is used here, declared anew: nothing of the vendor's headers
// is needed to build. Layouts are those of Level Zero 1.0 and later, which only ever appended; a
// test compares them with the real header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xpu::intel::ze {

using Result = std::uint32_t;
inline constexpr Result kSuccess = 0;
inline constexpr Result kDeviceLost = 0x70000001;
inline constexpr Result kInsufficientPermissions = 0x70010000;
inline constexpr Result kDependencyUnavailable = 0x70020000;
inline constexpr Result kUninitialized = 0x78000001;
inline constexpr Result kUnsupportedFeature = 0x78000003;

using Handle = struct OpaqueHandle*;

// What a structure is, in its first field.
inline constexpr std::uint32_t kTypeCoreDeviceProperties = 0x3;
inline constexpr std::uint32_t kTypeDeviceProperties = 0x1;
inline constexpr std::uint32_t kTypePciProperties = 0x2;
inline constexpr std::uint32_t kTypeEngineProperties = 0x5;
inline constexpr std::uint32_t kTypeMemoryProperties = 0xb;
inline constexpr std::uint32_t kTypeRasProperties = 0xf;
inline constexpr std::uint32_t kTypeDeviceState = 0x15;
inline constexpr std::uint32_t kTypeMemoryState = 0x1e;
inline constexpr std::uint32_t kTypeRasState = 0x22;

inline constexpr std::uint32_t kFlagIntegrated = 1;

struct CoreDeviceProperties {
  std::uint32_t stype;
  void* next;
  std::uint32_t type;
  std::uint32_t vendor_id, device_id;
  std::uint32_t flags;
  std::uint32_t subdevice_id, core_clock_rate;
  std::uint64_t max_alloc_size;
  std::uint32_t max_contexts, max_priority;
  std::uint32_t threads_per_eu, eu_simd_width, eus_per_subslice, subslices_per_slice, slices;
  std::uint64_t timer_resolution;
  std::uint32_t timestamp_bits, kernel_timestamp_bits;
  std::uint8_t uuid[16];
  char name[256];
};

struct DeviceProperties {
  std::uint32_t stype;
  void* next;
  CoreDeviceProperties core;
  std::uint32_t subdevices;
  char serial_number[64], board_number[64], brand_name[64], model_name[64], vendor_name[64];
  char driver_version[64];
};

struct PciProperties {
  std::uint32_t stype;
  void* next;
  std::uint32_t domain, bus, device, function;
  std::int32_t generation, width;
  std::int64_t bandwidth;
  std::uint8_t have_bandwidth, have_packets, have_replays;
};

inline constexpr std::uint32_t kMemoryOnDevice = 1;
struct MemoryProperties {
  std::uint32_t stype;
  void* next;
  std::uint32_t type;
  std::uint8_t on_subdevice;
  std::uint32_t subdevice_id;
  std::uint32_t location;
  std::uint64_t physical_size;
  std::int32_t bus_width, channels;
};

inline constexpr std::uint32_t kMemoryDegraded = 2;
inline constexpr std::uint32_t kMemoryCritical = 3;
inline constexpr std::uint32_t kMemoryReplace = 4;
struct MemoryState {
  std::uint32_t stype;
  const void* next;
  std::uint32_t health;
  std::uint64_t free, size;
};

inline constexpr std::uint32_t kResetWedged = 1;
inline constexpr std::uint32_t kResetRepair = 2;
struct DeviceState {
  std::uint32_t stype;
  const void* next;
  std::uint32_t reset;
  std::uint32_t repaired;
};

// What an engine group has of its kind: all together, or a single one.
inline constexpr std::uint32_t kComputeAll = 1, kMediaAll = 2, kCopyAll = 3;
inline constexpr std::uint32_t kComputeSingle = 4, kRenderSingle = 5, kDecodeSingle = 6,
                               kEncodeSingle = 7, kCopySingle = 8, kEnhancementSingle = 9,
                               k3dSingle = 10;
inline constexpr std::uint32_t kRenderAll = 12, k3dAll = 13;
struct EngineProperties {
  std::uint32_t stype;
  void* next;
  std::uint32_t type;
  std::uint8_t on_subdevice;
  std::uint32_t subdevice_id;
};

// Microseconds, both since any moment.
struct EngineStats {
  std::uint64_t active, timestamp;
};

inline constexpr std::uint32_t kRasCorrectable = 0;
inline constexpr std::uint32_t kRasUncorrectable = 1;
struct RasProperties {
  std::uint32_t stype;
  void* next;
  std::uint32_t type;
  std::uint8_t on_subdevice;
  std::uint32_t subdevice_id;
};

// Resets, then errors of programming, driver, compute, non-compute, cache, display.
inline constexpr std::size_t kRasCategories = 7;
struct RasState {
  std::uint32_t stype;
  const void* next;
  std::uint64_t category[kRasCategories];
};

static_assert(sizeof(CoreDeviceProperties) == 368);
static_assert(sizeof(DeviceProperties) == 776);
static_assert(sizeof(PciProperties) == 56);
static_assert(sizeof(MemoryProperties) == 48);
static_assert(sizeof(MemoryState) == 40);
static_assert(sizeof(DeviceState) == 24);
static_assert(sizeof(EngineProperties) == 32);
static_assert(sizeof(EngineStats) == 16);
static_assert(sizeof(RasProperties) == 32);
static_assert(sizeof(RasState) == 72);

}  // namespace xpu::intel::ze
