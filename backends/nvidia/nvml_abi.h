// SPDX-License-Identifier: Apache-2.0
// The part of NVML's C ABI that is used here, declared anew: nothing of the vendor's headers is
// needed to build. Layouts are those of NVML 11 to 13; only Memory2 carries a version field.
#pragma once

#include <cstdint>

namespace xpu::nvidia::nvml {

using Status = int;
inline constexpr Status kSuccess = 0;
inline constexpr Status kUninitialized = 1;
inline constexpr Status kNotSupported = 3;
inline constexpr Status kNotFound = 6;
inline constexpr Status kInsufficientSize = 7;
inline constexpr Status kDriverNotLoaded = 9;
inline constexpr Status kTimeout = 10;
inline constexpr Status kFunctionNotFound = 13;
inline constexpr Status kGpuIsLost = 15;
inline constexpr Status kResetRequired = 16;
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

// Without what the driver keeps for itself in `used`.
struct Memory2 {
  unsigned version;
  std::uint64_t total, reserved, free, used;
};
static_assert(sizeof(Memory2) == 40);
inline constexpr unsigned kMemory2Version = sizeof(Memory2) | 2u << 24;

struct Utilization {
  unsigned gpu, memory;  // percent
};

// One counter or state by its number. `scope`: a link, or kAllLinks.
struct FieldValue {
  unsigned field, scope;
  std::int64_t time_us, latency_us;
  unsigned type;  // of `value`: kDouble, ...
  Status status;
  union {
    double real;
    unsigned number;
    std::uint64_t big;
    std::int64_t sign;
  } value;
};
static_assert(sizeof(FieldValue) == 40);
inline constexpr unsigned kDouble = 0, kUnsigned = 1, kUnsignedLong = 2, kUnsignedLongLong = 3,
                          kSignedLongLong = 4, kSigned = 5, kUnsignedShort = 6;
inline constexpr unsigned kAllLinks = 0xffffffff;

inline constexpr unsigned kFieldRetiredPagesCorrected = 29, kFieldRetiredPagesUncorrected = 30,
                          kFieldMemoryTemperature = 82, kFieldLinkCount = 91,
                          kFieldLinkSentKib = 138, kFieldLinkReceivedKib = 139,
                          kFieldPcieSent = 197, kFieldPcieReceived = 198, kFieldLinkSent = 202,
                          kFieldLinkReceived = 204, kFieldRecoveryAction = 230;

// Values of kFieldRecoveryAction.
inline constexpr unsigned kRecoverNothing = 0, kRecoverReset = 1, kRecoverReboot = 2,
                          kRecoverDrainPeers = 3, kRecoverDrainAndReset = 4;

inline constexpr unsigned kTemperatureGpu = 0;
inline constexpr unsigned kClockGraphics = 0, kClockSm = 1, kClockMemory = 2, kClockVideo = 3;
inline constexpr unsigned kCorrected = 0, kUncorrected = 1;
inline constexpr unsigned kSinceDriverLoad = 0, kLifetime = 1;

// Why clocks are low; other bits stand for idleness and for what somebody has set.
inline constexpr std::uint64_t kSlowByPowerCap = 0x4, kSlowByHardware = 0x8, kSlowBySync = 0x10,
                               kSlowByHeat = 0x20, kSlowByHeatHardware = 0x40,
                               kSlowByPowerBrake = 0x80;

using EventSet = struct OpaqueEventSet*;
struct EventData {
  Device device;
  std::uint64_t type, data;  // data: the Xid
  unsigned gpu_instance, compute_instance;
};
static_assert(sizeof(EventData) == 32);
inline constexpr unsigned kNoInstance = 0xffffffff;

inline constexpr std::uint64_t kEventDoubleBit = 0x2, kEventXid = 0x8, kEventMig = 0x100,
                               kEventSingleBitStorm = 0x200, kEventRetirement = 0x400,
                               kEventRetirementFailure = 0x800, kEventPoison = 0x1000,
                               kEventFatalPoison = 0x2000, kEventUnavailable = 0x4000,
                               kEventRecoveryAction = 0x8000;

struct ProcessV1 {
  unsigned pid;
  std::uint64_t memory;
};
static_assert(sizeof(ProcessV1) == 16);
// Also v3, except in the first drivers of series 535, which appended a field to that one.
struct ProcessV2 {
  unsigned pid;
  std::uint64_t memory;
  unsigned gpu_instance, compute_instance;
};
static_assert(sizeof(ProcessV2) == 24);
inline constexpr std::uint64_t kNotAvailable = ~0ull;

struct ProcessUtilization {
  unsigned pid;
  std::uint64_t time_us;  // since 1970
  unsigned sm, memory, encoder, decoder;
};
static_assert(sizeof(ProcessUtilization) == 32);

inline constexpr unsigned kMigEnabled = 1;
inline constexpr unsigned kLinkActive = 1;
inline constexpr unsigned kMaxLinks = 18;

}  // namespace xpu::nvidia::nvml
