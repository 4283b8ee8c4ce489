// SPDX-License-Identifier: Apache-2.0
// A Mac's GPUs, for people and scripts that ask what there is. No container of this host can be
// given one, since containers start in a Linux virtual machine; there the same backend describes
// what the machine was given.
#include "backends/apple/describe_mac.h"

#include "backends/apple/describe.h"
#include "backends/apple/hardware.h"

namespace xpu::apple {
namespace {

// GPUs in boxes of their own come and go, and nothing in the file system shows it.
constexpr unsigned kSeconds = 60;

constexpr const char* kReason =
    "containers of a Mac start in a Linux virtual machine: give the machine a virtio-gpu with "
    "Venus (podman machine with the provider libkrun) and install libxpu-apple there";

void emit(sdk::Sink& sink, const MacGpu& gpu, std::size_t index, bool from_metal) {
  sdk::Device device;
  device.vendor = kVendor;
  device.index = std::to_string(index);
  device.name = gpu.name.empty() ? "Apple GPU" : gpu.name;
  device.architecture = gpu.architecture;
  device.memory_bytes = gpu.unified ? 0 : gpu.working_set;
  device.available = false;
  device.reason = kReason;
  sink.device(device);
  sink.property(device, "source", from_metal ? "metal" : "iokit");
  sink.property(device, "registry-id", std::to_string(gpu.registry_id));
  if (from_metal) {
    sink.property(device, "integrated", gpu.unified ? "true" : "false");
  }
  if (gpu.working_set != 0) {
    sink.property(device, "working-set-bytes", std::to_string(gpu.working_set));
  }
  if (gpu.cores != 0) {
    sink.property(device, "compute-units", std::to_string(gpu.cores));
  }
}

}  // namespace

void describe_mac(sdk::Sink& sink, const Frameworks& frameworks) {
  sink.valid_for_seconds(kSeconds);
  const bool from_metal = frameworks.without_metal.empty();
  for (const std::string* problem : {&frameworks.without_metal, &frameworks.without_iokit}) {
    if (!problem->empty()) {
      sink.log(sdk::Severity::kWarn, *problem);
    }
  }
  const std::vector<MacGpu> gpus = mac_gpus(frameworks);
  if (gpus.empty()) {
    throw sdk::Absent(from_metal ? "Metal lists no GPU"
                                 : "IOKit lists no accelerator, and Metal cannot be asked: " +
                                       frameworks.without_metal);
  }
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    emit(sink, gpus[i], i, from_metal);
  }
}

}  // namespace xpu::apple
