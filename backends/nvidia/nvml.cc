// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/nvml.h"

#include <dlfcn.h>

#include <array>
#include <cstring>

#include "sdk/helpers/text.h"

namespace xpu::nvidia {
namespace {

using nvml::kSuccess;

template <class Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

// NVML answers with fixed buffers; a full one need not be terminated.
template <std::size_t N>
std::string bounded(const std::array<char, N>& buffer) {
  return sdk::readable({buffer.data(), strnlen(buffer.data(), N)});
}

std::string text_of(nvml::Status (*get)(nvml::Device, char*, unsigned), nvml::Device device) {
  std::array<char, 128> buffer{};
  if (!get || get(device, buffer.data(), buffer.size()) != kSuccess) {
    return "";
  }
  return bounded(buffer);
}

std::optional<unsigned> number_of(nvml::Status (*get)(nvml::Device, unsigned*),
                                  nvml::Device device) {
  unsigned value = 0;
  if (!get || get(device, &value) != kSuccess) {
    return std::nullopt;
  }
  return value;
}

std::string bus_id_of(const nvml::PciInfo& info) {
  const char* text = info.bus_id[0] ? info.bus_id : info.bus_id_legacy;
  return std::string(text, strnlen(text, info.bus_id[0] ? 32 : 16));
}

}  // namespace

std::optional<Nvml> Nvml::load(const std::string& path, std::string& reason) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* text = dlerror();
    reason = text ? text : path + " cannot be loaded";
    return std::nullopt;
  }
  Nvml api;
  api.library_ = library;
  if (!find(library, "nvmlInit_v2", api.init_) ||
      !find(library, "nvmlDeviceGetCount_v2", api.count_) ||
      !find(library, "nvmlDeviceGetHandleByIndex_v2", api.by_index_)) {
    reason = path + " lacks the functions that count GPUs";
    return std::nullopt;
  }
  find(library, "nvmlShutdown", api.shutdown_);
  find(library, "nvmlErrorString", api.error_string_);
  find(library, "nvmlSystemGetDriverVersion", api.driver_version_);
  find(library, "nvmlSystemGetCudaDriverVersion_v2", api.cuda_version_);
  find(library, "nvmlDeviceGetUUID", api.uuid_);
  find(library, "nvmlDeviceGetName", api.name_);
  find(library, "nvmlDeviceGetBrand", api.brand_);
  find(library, "nvmlDeviceGetMinorNumber", api.minor_);
  find(library, "nvmlDeviceGetPciInfo_v3", api.pci_info_);
  find(library, "nvmlDeviceGetCudaComputeCapability", api.compute_capability_);
  find(library, "nvmlDeviceGetMemoryInfo", api.memory_);
  find(library, "nvmlDeviceGetMigMode", api.mig_mode_);
  find(library, "nvmlDeviceGetMaxMigDeviceCount", api.max_mig_);
  find(library, "nvmlDeviceGetMigDeviceHandleByIndex", api.mig_by_index_);
  find(library, "nvmlDeviceGetGpuInstanceId", api.gpu_instance_);
  find(library, "nvmlDeviceGetComputeInstanceId", api.compute_instance_);
  find(library, "nvmlDeviceGetAttributes_v2", api.attributes_);
  find(library, "nvmlDeviceGetNvLinkState", api.link_state_);
  find(library, "nvmlDeviceGetNvLinkRemotePciInfo_v2", api.link_peer_);
  find(library, "nvmlDeviceGetTopologyCommonAncestor", api.common_ancestor_);
  return api;
}

void Nvml::shutdown() const {
  if (shutdown_) {
    shutdown_();
  }
}

std::string Nvml::text(nvml::Status status) const {
  const char* text = error_string_ ? error_string_(status) : nullptr;
  return text && *text ? text : "NVML error " + std::to_string(status);
}

std::string Nvml::driver_version() const {
  std::array<char, 80> buffer{};
  if (!driver_version_ || driver_version_(buffer.data(), buffer.size()) != kSuccess) {
    return "";
  }
  return bounded(buffer);
}

std::string Nvml::cuda_version() const {
  int version = 0;  // 12040 is 12.4
  if (!cuda_version_ || cuda_version_(&version) != kSuccess || version < 1000) {
    return "";
  }
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string Nvml::uuid(nvml::Device device) const {
  return text_of(uuid_, device);
}
std::string Nvml::name(nvml::Device device) const {
  return text_of(name_, device);
}

std::string Nvml::brand(nvml::Device device) const {
  // As requirement expressions of images spell them.
  static constexpr std::array kBrands = {
      "",          "quadro",    "tesla",  "nvs",        "grid",    "geforce",
      "titan",     "vapps",     "vpc",    "vcs",        "vws",     "cloudgaming",
      "quadrortx", "nvidiartx", "nvidia", "geforcertx", "titanrtx"};
  unsigned brand = number_of(brand_, device).value_or(0);
  return brand < kBrands.size() ? kBrands[brand] : "";
}

std::string Nvml::bus_id(nvml::Device device) const {
  nvml::PciInfo info{};
  if (!pci_info_ || pci_info_(device, &info) != kSuccess) {
    return "";
  }
  return bus_id_of(info);
}

std::string Nvml::compute_capability(nvml::Device device) const {
  int major = 0, minor = 0;
  if (!compute_capability_ || compute_capability_(device, &major, &minor) != kSuccess) {
    return "";
  }
  return std::to_string(major) + "." + std::to_string(minor);
}

std::uint64_t Nvml::memory_bytes(nvml::Device device) const {
  nvml::Memory memory{};
  if (!memory_ || memory_(device, &memory) != kSuccess) {
    return 0;
  }
  return memory.total;
}

std::optional<unsigned> Nvml::minor(nvml::Device device) const {
  return number_of(minor_, device);
}

std::optional<bool> Nvml::mig_enabled(nvml::Device device) const {
  unsigned current = 0, pending = 0;
  if (!mig_mode_ || mig_mode_(device, &current, &pending) != kSuccess) {
    return std::nullopt;
  }
  return current == nvml::kMigEnabled;
}

unsigned Nvml::max_mig_devices(nvml::Device device) const {
  return number_of(max_mig_, device).value_or(0);
}

nvml::Status Nvml::mig_device(nvml::Device device, unsigned index, nvml::Device& out) const {
  return mig_by_index_ ? mig_by_index_(device, index, &out) : nvml::kFunctionNotFound;
}

std::optional<unsigned> Nvml::gpu_instance(nvml::Device mig) const {
  return number_of(gpu_instance_, mig);
}

std::optional<unsigned> Nvml::compute_instance(nvml::Device mig) const {
  return number_of(compute_instance_, mig);
}

std::optional<nvml::Attributes> Nvml::attributes(nvml::Device mig) const {
  nvml::Attributes attributes{};
  if (!attributes_ || attributes_(mig, &attributes) != kSuccess) {
    return std::nullopt;
  }
  return attributes;
}

std::optional<std::string> Nvml::link_peer(nvml::Device device, unsigned link) const {
  unsigned active = 0;
  nvml::PciInfo info{};
  if (!link_state_ || !link_peer_ || link_state_(device, link, &active) != kSuccess ||
      active != nvml::kLinkActive || link_peer_(device, link, &info) != kSuccess) {
    return std::nullopt;
  }
  return bus_id_of(info);
}

std::optional<unsigned> Nvml::common_ancestor(nvml::Device a, nvml::Device b) const {
  unsigned level = 0;
  if (!common_ancestor_ || common_ancestor_(a, b, &level) != kSuccess) {
    return std::nullopt;
  }
  return level;
}

}  // namespace xpu::nvidia
