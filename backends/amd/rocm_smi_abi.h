// SPDX-License-Identifier: Apache-2.0
// The part of ROCm SMI's C ABI that is used here, declared anew: nothing of the vendor's headers is
// needed to build. A test compares it with rocm_smi/rocm_smi.h and librocm_smi64 of Debian's
// librocm-smi-dev.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xpu::amd::rsmi {

using Status = std::uint32_t;
inline constexpr Status kSuccess = 0;

// RSMI_GPU_BLOCK_*: one bit for each block that counts memory errors.
inline constexpr std::uint64_t kFirstBlock = 1, kLastBlock = 0x2000;

struct ErrorCount {  // rsmi_error_count_t
  std::uint64_t correctable, uncorrectable;
  std::uint64_t more[2];  // newer releases count deferred errors as well
};

// rsmi_dev_pci_id_get: function in bits 0 to 2, device in 3 to 7, bus in 8 to 15, partition in 28
// to 31, domain above.
using BdfId = std::uint64_t;

using Init = Status (*)(std::uint64_t flags);
using ShutDown = Status (*)();
using GetCount = Status (*)(std::uint32_t* count);
using GetPciId = Status (*)(std::uint32_t device, BdfId* id);
using GetName = Status (*)(std::uint32_t device, char* name, std::size_t size);
using GetErrorCount = Status (*)(std::uint32_t device, std::uint64_t block, ErrorCount* count);
using GetStatusText = Status (*)(Status status, const char** text);

inline constexpr const char* kInit = "rsmi_init";
inline constexpr const char* kShutDown = "rsmi_shut_down";
inline constexpr const char* kGetCount = "rsmi_num_monitor_devices";
inline constexpr const char* kGetPciId = "rsmi_dev_pci_id_get";
inline constexpr const char* kGetName = "rsmi_dev_name_get";
inline constexpr const char* kGetErrorCount = "rsmi_dev_ecc_count_get";
inline constexpr const char* kGetStatusText = "rsmi_status_string";

}  // namespace xpu::amd::rsmi
