// SPDX-License-Identifier: Apache-2.0
// The driver's management library, loaded when it is there. A function that an older or newer
// release lacks answers kFunctionNotFound; only three are needed to count GPUs.
#pragma once

#include <optional>
#include <string>

#include "backends/nvidia/nvml_abi.h"

namespace xpu::nvidia {

class Nvml {
 public:
  // `path`: absolute. nullopt with the reason when it cannot be loaded or lacks a function that is
  // needed. The library stays loaded: unloading it has been seen to crash.
  static std::optional<Nvml> load(const std::string& path, std::string& reason);

  // For what is looked up elsewhere; never to be closed.
  void* library() const { return library_; }

  nvml::Status init() const { return init_(); }
  void shutdown() const;
  std::string text(nvml::Status status) const;  // "Driver/library version mismatch"

  std::string driver_version() const;
  std::string cuda_version() const;  // "12.4"; "" when unknown

  nvml::Status count(unsigned& count) const { return count_(&count); }
  nvml::Status device(unsigned index, nvml::Device& out) const { return by_index_(index, &out); }

  // Of a device; "" or 0 or nullopt when the driver does not say.
  std::string uuid(nvml::Device device) const;
  std::string name(nvml::Device device) const;
  std::string brand(nvml::Device device) const;  // "geforce", "tesla", ...
  std::string bus_id(nvml::Device device) const;
  std::string compute_capability(nvml::Device device) const;
  std::uint64_t memory_bytes(nvml::Device device) const;
  std::optional<unsigned> minor(nvml::Device device) const;

  // nullopt: the device cannot be partitioned.
  std::optional<bool> mig_enabled(nvml::Device device) const;
  unsigned max_mig_devices(nvml::Device device) const;
  nvml::Status mig_device(nvml::Device device, unsigned index, nvml::Device& out) const;
  std::optional<unsigned> gpu_instance(nvml::Device mig) const;
  std::optional<unsigned> compute_instance(nvml::Device mig) const;
  std::optional<nvml::Attributes> attributes(nvml::Device mig) const;

  // PCI address at the far end of an active NVLink.
  std::optional<std::string> link_peer(nvml::Device device, unsigned link) const;
  // 0 (same board) to 50 (other socket), in steps of 10.
  std::optional<unsigned> common_ancestor(nvml::Device a, nvml::Device b) const;

 private:
  using Status = nvml::Status;
  using Device = nvml::Device;
  using GetText = Status (*)(Device, char*, unsigned);
  using GetNumber = Status (*)(Device, unsigned*);

  void* library_ = nullptr;
  Status (*init_)() = nullptr;
  Status (*count_)(unsigned*) = nullptr;
  Status (*by_index_)(unsigned, Device*) = nullptr;

  Status (*shutdown_)() = nullptr;
  const char* (*error_string_)(Status) = nullptr;
  Status (*driver_version_)(char*, unsigned) = nullptr;
  Status (*cuda_version_)(int*) = nullptr;
  GetText uuid_ = nullptr, name_ = nullptr;
  GetNumber brand_ = nullptr, minor_ = nullptr, max_mig_ = nullptr;
  GetNumber gpu_instance_ = nullptr, compute_instance_ = nullptr;
  Status (*pci_info_)(Device, nvml::PciInfo*) = nullptr;
  Status (*compute_capability_)(Device, int*, int*) = nullptr;
  Status (*memory_)(Device, nvml::Memory*) = nullptr;
  Status (*mig_mode_)(Device, unsigned*, unsigned*) = nullptr;
  Status (*mig_by_index_)(Device, unsigned, Device*) = nullptr;
  Status (*attributes_)(Device, nvml::Attributes*) = nullptr;
  Status (*link_state_)(Device, unsigned, unsigned*) = nullptr;
  Status (*link_peer_)(Device, unsigned, nvml::PciInfo*) = nullptr;
  Status (*common_ancestor_)(Device, Device, unsigned*) = nullptr;
};

}  // namespace xpu::nvidia
