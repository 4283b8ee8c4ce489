// SPDX-License-Identifier: Apache-2.0
// The part of the compute driver's ioctls that is used here, declared anew: the kernel's own header
// (linux/kfd_ioctl.h) needs those of libdrm. A test compares them where both are there.
#pragma once

#include <sys/ioctl.h>

#include <cstdint>

namespace xpu::amd::kfd_abi {

struct SmiEventsArgs {
  std::uint32_t gpu_id;   // to the kernel
  std::uint32_t anon_fd;  // from it
};
inline constexpr unsigned long kSmiEvents = _IOWR('K', 0x1f, SmiEventsArgs);

// What is told; an event's number is the first word of its line, in hexadecimal.
inline constexpr unsigned kVmFault = 1, kThermalThrottle = 2, kPreReset = 3, kPostReset = 4;
// One of AMD's own drivers, which no kernel of kernel.org has: there 5 is about pages that move,
// and is told only of the process that asks.
inline constexpr unsigned kRingHang = 5;
// Of newer drivers, sent without being asked for.
inline constexpr unsigned kDropped = 14;

// A mask of events is written to the descriptor.
constexpr std::uint64_t mask_of(unsigned event) {
  return 1ULL << (event - 1);
}

}  // namespace xpu::amd::kfd_abi
