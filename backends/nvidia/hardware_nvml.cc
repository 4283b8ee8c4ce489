// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <stdexcept>

#include "backends/nvidia/gpu_health.h"
#include "backends/nvidia/hardware.h"
#include "sdk/helpers/pci.h"

namespace xpu::nvidia {
namespace {

constexpr unsigned kMaxGpus = 512;
constexpr unsigned kMaxMigDevices = 64;
// NVLink is closer than any PCIe path, and every further link is closer still.
constexpr std::uint32_t kLinkWeight = 100;
constexpr unsigned kFarthestAncestor = 50;

std::string mig_name(const Nvml& nvml, nvml::Device mig, const Gpu& parent) {
  // Newer libraries name the partition itself; older ones repeat the GPU.
  std::string name = nvml.name(mig);
  if (!name.empty() && name != parent.name) {
    return name;
  }
  auto attributes = nvml.attributes(mig);
  if (!attributes) {
    return parent.name + " MIG device";
  }
  std::string profile;
  if (attributes->compute_instance_slices != attributes->gpu_instance_slices) {
    profile = std::to_string(attributes->compute_instance_slices) + "c.";
  }
  profile += std::to_string(attributes->gpu_instance_slices) + "g." +
             std::to_string((attributes->memory_mib + 512) / 1024) + "gb";
  return parent.name + " MIG " + profile;
}

std::vector<MigDevice> mig_devices(const Nvml& nvml, nvml::Device device, const Gpu& parent) {
  std::vector<MigDevice> found;
  unsigned most = std::min(nvml.max_mig_devices(device), kMaxMigDevices);
  for (unsigned i = 0; i < most; ++i) {
    nvml::Device handle = nullptr;
    if (nvml.mig_device(device, i, handle) != nvml::kSuccess) {
      continue;  // a slot that holds no device
    }
    auto gpu_instance = nvml.gpu_instance(handle);
    auto compute_instance = nvml.compute_instance(handle);
    if (!gpu_instance || !compute_instance) {
      continue;  // without them its nodes cannot be told
    }
    MigDevice mig;
    mig.index = i;
    mig.gpu_instance = *gpu_instance;
    mig.compute_instance = *compute_instance;
    mig.uuid = nvml.uuid(handle);
    mig.name = mig_name(nvml, handle, parent);
    mig.memory_bytes = nvml.memory_bytes(handle);
    found.push_back(std::move(mig));
  }
  return found;
}

Gpu read_gpu(const Nvml& nvml, unsigned index, nvml::Device device) {
  Gpu gpu;
  gpu.index = index;
  gpu.uuid = nvml.uuid(device);
  gpu.name = nvml.name(device);
  gpu.brand = nvml.brand(device);
  gpu.architecture = nvml.compute_capability(device);
  gpu.pci = sdk::normal_pci_address(nvml.bus_id(device)).value_or("");
  gpu.memory_bytes = nvml.memory_bytes(device);
  gpu.minor = nvml.minor(device);
  gpu.mig_enabled = nvml.mig_enabled(device);
  if (gpu.mig_enabled.value_or(false)) {
    gpu.mig = mig_devices(nvml, device, gpu);
  }
  return gpu;
}

// What the library did not say, from the kernel module. By address; by place where not even the
// address is known and both count the same GPUs.
void fill_in(Gpu& gpu, const std::vector<Gpu>& proc, std::size_t count) {
  const Gpu* known = nullptr;
  for (const Gpu& candidate : proc) {
    if (!gpu.pci.empty() && candidate.pci == gpu.pci) {
      known = &candidate;
    }
  }
  if (!known && gpu.pci.empty() && proc.size() == count && gpu.index < proc.size()) {
    known = &proc[gpu.index];
  }
  if (!known) {
    return;
  }
  if (gpu.pci.empty()) {
    gpu.pci = known->pci;
  }
  if (gpu.uuid.empty()) {
    gpu.uuid = known->uuid;
  }
  if (gpu.name.empty()) {
    gpu.name = known->name;
  }
  if (!gpu.minor) {
    gpu.minor = known->minor;
  }
  if (!gpu.mig_enabled) {
    gpu.mig_enabled = known->mig_enabled;
    gpu.mig = known->mig;
  }
}

struct Links {
  std::map<unsigned, unsigned> to_gpu;  // index of the peer → number of links
  unsigned to_switch = 0;
};

Links links_of(const Nvml& nvml, nvml::Device device, const std::vector<Gpu>& gpus) {
  Links links;
  for (unsigned link = 0; link < nvml::kMaxLinks; ++link) {
    auto peer = nvml.link_peer(device, link);
    if (!peer) {
      continue;
    }
    auto address = sdk::normal_pci_address(*peer);
    bool direct = false;
    for (const Gpu& gpu : gpus) {
      if (address && gpu.pci == *address) {
        ++links.to_gpu[gpu.index];
        direct = true;
      }
    }
    links.to_switch += direct ? 0 : 1;
  }
  return links;
}

std::vector<Connection> connections_of(const Nvml& nvml, const std::vector<Gpu>& gpus,
                                       const std::vector<nvml::Device>& handles) {
  std::vector<Links> links;
  for (nvml::Device handle : handles) {
    links.push_back(handle ? links_of(nvml, handle, gpus) : Links());
  }
  std::vector<Connection> found;
  for (unsigned a = 0; a < gpus.size(); ++a) {
    for (unsigned b = a + 1; b < gpus.size(); ++b) {
      unsigned direct = std::max(links[a].to_gpu[b], links[b].to_gpu[a]);
      unsigned width = direct + std::min(links[a].to_switch, links[b].to_switch);
      if (width > 0) {
        found.push_back({a, b, "nvlink", kLinkWeight * width});
        continue;
      }
      if (!handles[a] || !handles[b]) {
        continue;
      }
      if (auto level = nvml.common_ancestor(handles[a], handles[b])) {
        found.push_back({a, b, "pcie", 60 - std::min(*level, kFarthestAncestor)});
      }
    }
  }
  return found;
}

}  // namespace

Hardware hardware_from_nvml(const Nvml& nvml, const sdk::Root& sys_root) {
  Hardware hardware;
  hardware.driver = nvml.driver_version();
  hardware.cuda = nvml.cuda_version();
  unsigned count = 0;
  if (nvml::Status status = nvml.count(count); status != nvml::kSuccess) {
    throw std::runtime_error("NVML cannot count the GPUs: " + nvml.text(status));
  }
  const std::vector<Gpu> proc = gpus_from_proc(sys_root);
  const NvmlLive live(nvml.library());
  std::vector<nvml::Device> handles;
  for (unsigned i = 0; i < std::min(count, kMaxGpus); ++i) {
    nvml::Device handle = nullptr;
    Gpu gpu;
    if (nvml::Status status = nvml.device(i, handle); status == nvml::kSuccess) {
      gpu = read_gpu(nvml, i, handle);
      const GpuHealth health = gpu_health(live, handle);
      gpu.health = health.state ? health_word(*health.state) : "";
      gpu.health_reason = health.reason;
    } else {
      handle = nullptr;
      gpu.index = i;
      gpu.problem = "NVML cannot open GPU " + std::to_string(i) + ": " + nvml.text(status);
      gpu.health = status == nvml::kGpuIsLost ? "failed" : "";
      gpu.health_reason = status == nvml::kGpuIsLost ? "NVML: GPU is lost" : "";
    }
    fill_in(gpu, proc, count);
    if (auto device = sdk::pci_device(sys_root, gpu.pci)) {
      gpu.numa_node = device->numa_node;
    }
    handles.push_back(handle);
    hardware.gpus.push_back(std::move(gpu));
  }
  hardware.connections = connections_of(nvml, hardware.gpus, handles);
  return hardware;
}

}  // namespace xpu::nvidia
