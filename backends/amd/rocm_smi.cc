// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>

#include "backends/amd/rocm_smi_abi.h"
#include "backends/amd/smi.h"
#include "backends/amd/smi_library.h"

namespace xpu::amd {
namespace {

using namespace rsmi;

constexpr std::uint32_t kMost = 4096;

std::optional<std::uint64_t> uncorrectable(GetErrorCount errors, std::uint32_t device) {
  std::optional<std::uint64_t> sum;
  for (std::uint64_t block = kFirstBlock; block <= kLastBlock; block <<= 1) {
    ErrorCount count{};
    if (errors(device, block, &count) == kSuccess) {
      sum = sum.value_or(0) + count.uncorrectable;
    }
  }
  return sum;
}

}  // namespace

std::vector<SmiGpu> ask_rocm_smi(const std::string& path) {
  const SmiLibrary library(path);
  const auto init = library.need<Init>(kInit);
  const auto get_count = library.need<GetCount>(kGetCount);
  const auto pci_id = library.need<GetPciId>(kGetPciId);
  const auto name = library.find<GetName>(kGetName);
  const auto errors = library.find<GetErrorCount>(kGetErrorCount);
  const auto shut_down = library.find<ShutDown>(kShutDown);
  const auto status_text = library.find<GetStatusText>(kGetStatusText);
  if (const Status status = init(0); status != kSuccess) {
    library.fail(kInit, status, status_text);
  }
  std::uint32_t count = 0;
  if (const Status status = get_count(&count); status != kSuccess) {
    library.fail(kGetCount, status, status_text);
  }
  std::vector<SmiGpu> gpus;
  for (std::uint32_t device = 0; device < std::min(count, kMost); ++device) {
    BdfId id = 0;
    if (pci_id(device, &id) != kSuccess || (id >> 28 & 0xf) != 0) {
      continue;  // of a divided GPU its first part speaks for all
    }
    SmiGpu gpu;
    gpu.pci = smi_pci(id >> 32, id & 0xffff);
    std::array<char, 256> text{};
    if (name != nullptr && name(device, text.data(), text.size()) == kSuccess) {
      gpu.name.assign(text.data(), strnlen(text.data(), text.size()));
    }
    if (errors != nullptr) {
      gpu.uncorrectable = uncorrectable(errors, device);
    }
    gpus.push_back(std::move(gpu));
  }
  if (shut_down != nullptr) {
    shut_down();
  }
  return gpus;
}

}  // namespace xpu::amd
