// SPDX-License-Identifier: Apache-2.0
// The part of AMD SMI's C ABI that is used here, declared anew: nothing of the vendor's headers is
// needed to build. From include/amd_smi/amdsmi.h of the public repository ROCm/amdsmi, releases 23
// to 26.
//
// Structures grew between releases, some of them in front: only what has kept its place is read,
// out of buffers that are larger than any release writes.
#pragma once

#include <cstdint>

namespace xpu::amd::amdsmi {

using Status = std::uint32_t;
inline constexpr Status kSuccess = 0;

inline constexpr std::uint64_t kInitGpus = 1 << 1;
inline constexpr std::uint32_t kUuidSize = 38;

using Socket = void*;
using Processor = void*;

// amdsmi_bdf_t: function in bits 0 to 2, device in 3 to 7, bus in 8 to 15, domain above.
using Bdf = std::uint64_t;

// amdsmi_asic_info_t: begins with the marketing name, of 64 bytes and later of 256.
struct AsicInfo {
  char market_name[4096];
};

// amdsmi_error_count_t: correctable, uncorrectable, and later more.
struct ErrorCount {
  std::uint64_t correctable, uncorrectable;
  std::uint64_t more[62];
};

using Init = Status (*)(std::uint64_t flags);
using ShutDown = Status (*)();
using GetSockets = Status (*)(std::uint32_t* count, Socket* sockets);
using GetProcessors = Status (*)(Socket socket, std::uint32_t* count, Processor* processors);
using GetBdf = Status (*)(Processor processor, Bdf* bdf);
using GetAsicInfo = Status (*)(Processor processor, AsicInfo* info);
using GetUuid = Status (*)(Processor processor, unsigned* length, char* uuid);
using GetErrorCount = Status (*)(Processor processor, ErrorCount* count);
using GetStatusText = Status (*)(Status status, const char** text);

}  // namespace xpu::amd::amdsmi
