// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/devices.h"

namespace xpu::nvidia {
namespace {

// A partition has no address of its own: the GPU's must name the GPU alone.
sdk::Device to_device(const MigDevice& mig, const std::string& index, const sdk::Device& parent,
                      const std::string& problem) {
  sdk::Device device = parent;
  device.kind = sdk::Kind::kPartition;
  device.index = index;
  device.uuid = mig.uuid;
  device.name = mig.name;
  device.memory_bytes = mig.memory_bytes;
  device.pci.clear();
  device.parent = parent.index;
  device.in_all = true;
  device.available = problem.empty();
  device.reason = problem;
  return device;
}

// In MIG mode the GPU as a whole runs nothing.
std::string mig_problem(const Gpu& gpu) {
  if (!gpu.mig_enabled.value_or(false)) {
    return "";
  }
  std::string parts;
  for (const MigDevice& mig : gpu.mig) {
    parts += (parts.empty() ? "" : ", ") + partition_index(gpu, mig);
  }
  return parts.empty() ? "in MIG mode without partitions"
                       : "in MIG mode: ask for its partitions " + parts;
}

void emit_minor(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) {
  if (gpu.minor && *gpu.minor < kMinorBits) {
    sink.value(sdk::with(device), sdk::Combine::kBits, kMinors, std::to_string(*gpu.minor));
  }
}

// A partition is as well as its GPU.
void emit_health(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) {
  if (!gpu.health.empty()) {
    sink.property(device, "health", gpu.health);
  }
  if (!gpu.health_reason.empty()) {
    sink.property(device, "health-reason", gpu.health_reason);
  }
}

// What images state requirements against, besides the backend's "driver" and "cuda".
void emit_requirable(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) {
  // Images name this brand too, for what NVML does not know.
  sink.property(device, "brand", gpu.brand.empty() ? "unknown" : gpu.brand);
  if (!gpu.architecture.empty()) {
    sink.property(device, "arch", gpu.architecture);
  }
}

}  // namespace

std::string partition_index(const Gpu& gpu, const MigDevice& mig) {
  const std::string instances =
      std::to_string(mig.gpu_instance) + ":" + std::to_string(mig.compute_instance);
  return std::to_string(gpu.index) + ":" + (mig.index ? std::to_string(*mig.index) : instances);
}

sdk::Device to_device(const Gpu& gpu, const std::string& driver, const std::string& problem) {
  sdk::Device device;
  device.vendor = kVendorName;
  device.index = std::to_string(gpu.index);
  device.uuid = gpu.uuid;
  device.name = gpu.name.empty() ? "NVIDIA GPU" : gpu.name;
  device.memory_bytes = gpu.memory_bytes;
  device.architecture = gpu.architecture;
  device.driver = driver;
  device.pci = gpu.pci;
  device.numa_node = gpu.numa_node;
  device.in_all = !gpu.mig_enabled.value_or(false);  // its partitions are handed out in its place
  device.available = problem.empty();
  device.reason = problem;
  return device;
}

void emit_device(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) {
  sink.device(device);
  emit_requirable(sink, device, gpu);
  emit_health(sink, device, gpu);
  if (gpu.mig_enabled) {
    sink.property(device, "mig-mode", *gpu.mig_enabled ? "enabled" : "disabled");
  }
}

std::vector<sdk::Device> emit_devices(sdk::Sink& sink, const Nodes& nodes, const Hardware& hardware,
                                      const std::string& driver_problem) {
  std::vector<sdk::Device> devices;
  for (const Gpu& gpu : hardware.gpus) {
    auto first_of = [&](const std::string& own) {
      return driver_problem.empty() ? own : driver_problem;
    };
    std::string problem = first_of(nodes.problem(gpu));
    if (problem.empty()) {
      problem = mig_problem(gpu);
    }
    sdk::Device device = to_device(gpu, hardware.driver, problem);
    emit_device(sink, device, gpu);
    emit_minor(sink, device, gpu);
    nodes.emit(sink, device, gpu);
    for (const MigDevice& mig : gpu.mig) {
      sdk::Device part =
          to_device(mig, partition_index(gpu, mig), device, first_of(nodes.problem(gpu, mig)));
      sink.device(part);
      emit_requirable(sink, part, gpu);
      emit_health(sink, part, gpu);
      emit_minor(sink, part, gpu);
      std::string instance = "MIG-" + gpu.uuid + "/" + std::to_string(mig.gpu_instance) + "/" +
                             std::to_string(mig.compute_instance);
      if (!gpu.uuid.empty() && instance != mig.uuid) {
        sink.alias(part, instance);
      }
      nodes.emit(sink, part, gpu, mig);
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace xpu::nvidia
