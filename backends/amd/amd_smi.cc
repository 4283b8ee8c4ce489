// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "backends/amd/amd_smi_abi.h"
#include "backends/amd/smi.h"
#include "backends/amd/smi_library.h"

namespace xpu::amd {
namespace {

using namespace amdsmi;

constexpr std::uint32_t kMost = 4096;  // sockets, and processors of one

struct Functions {
  explicit Functions(const SmiLibrary& library)
      : init(library.need<Init>("amdsmi_init")),
        sockets(library.need<GetSockets>("amdsmi_get_socket_handles")),
        processors(library.need<GetProcessors>("amdsmi_get_processor_handles")),
        bdf(library.need<GetBdf>("amdsmi_get_gpu_device_bdf")),
        shut_down(library.find<ShutDown>("amdsmi_shut_down")),
        asic_info(library.find<GetAsicInfo>("amdsmi_get_gpu_asic_info")),
        uuid(library.find<GetUuid>("amdsmi_get_gpu_device_uuid")),
        errors(library.find<GetErrorCount>("amdsmi_get_gpu_total_ecc_count")),
        status_text(library.find<GetStatusText>("amdsmi_status_code_to_string")) {}

  Init init;
  GetSockets sockets;
  GetProcessors processors;
  GetBdf bdf;
  // Not in every release.
  ShutDown shut_down;
  GetAsicInfo asic_info;
  GetUuid uuid;
  GetErrorCount errors;
  GetStatusText status_text;
};

SmiGpu read_gpu(const Functions& api, Processor processor, Bdf bdf) {
  SmiGpu gpu;
  gpu.pci = smi_pci(bdf >> 16, bdf & 0xffff);
  if (const auto info = std::make_unique<AsicInfo>();
      api.asic_info != nullptr && api.asic_info(processor, info.get()) == kSuccess) {
    gpu.name.assign(info->market_name, strnlen(info->market_name, 256));
  }
  std::array<char, 2 * kUuidSize> uuid{};
  unsigned length = uuid.size();
  if (api.uuid != nullptr && api.uuid(processor, &length, uuid.data()) == kSuccess) {
    gpu.uuid.assign(uuid.data(), strnlen(uuid.data(), uuid.size()));
  }
  ErrorCount errors{};
  if (api.errors != nullptr && api.errors(processor, &errors) == kSuccess) {
    gpu.uncorrectable = errors.uncorrectable;
  }
  return gpu;
}

std::vector<SmiGpu> read_gpus(const SmiLibrary& library, const Functions& api) {
  std::uint32_t count = 0;
  if (const Status status = api.sockets(&count, nullptr); status != kSuccess) {
    library.fail("amdsmi_get_socket_handles", status, api.status_text);
  }
  std::vector<Socket> sockets(std::min(count, kMost));
  count = static_cast<std::uint32_t>(sockets.size());
  if (const Status status = api.sockets(&count, sockets.data()); status != kSuccess) {
    library.fail("amdsmi_get_socket_handles", status, api.status_text);
  }
  sockets.resize(std::min<std::size_t>(sockets.size(), count));
  std::vector<SmiGpu> gpus;
  for (Socket socket : sockets) {
    std::uint32_t parts = 0;
    if (api.processors(socket, &parts, nullptr) != kSuccess) {
      continue;
    }
    std::vector<Processor> processors(std::min(parts, kMost));
    parts = static_cast<std::uint32_t>(processors.size());
    if (api.processors(socket, &parts, processors.data()) != kSuccess) {
      continue;
    }
    processors.resize(std::min<std::size_t>(processors.size(), parts));
    for (Processor processor : processors) {
      Bdf bdf = 0;
      if (api.bdf(processor, &bdf) == kSuccess) {
        gpus.push_back(read_gpu(api, processor, bdf));
      }
    }
  }
  return gpus;
}

}  // namespace

std::vector<SmiGpu> ask_amd_smi(const std::string& path) {
  const SmiLibrary library(path);
  const Functions api(library);
  if (const Status status = api.init(kInitGpus); status != kSuccess) {
    library.fail("amdsmi_init", status, api.status_text);
  }
  std::vector<SmiGpu> gpus = read_gpus(library, api);
  if (api.shut_down != nullptr) {
    api.shut_down();
  }
  return gpus;
}

}  // namespace xpu::amd
