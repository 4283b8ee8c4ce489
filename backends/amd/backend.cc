// SPDX-License-Identifier: Apache-2.0
// The AMD backend: one description of this host's GPUs and their partitions.
#include <stdexcept>

#include "backends/amd/devices.h"
#include "backends/amd/hardware.h"
#include "backends/amd/names.h"
#include "backends/amd/nodes.h"
#include "backends/amd/rocm_libraries.h"
#include "backends/amd/smi.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"
#include "xpu/backend.hpp"

namespace xpu::amd {
namespace {

constexpr std::uint16_t kPciVendor = 0x1002;

class Amd : public sdk::Backend {
 public:
  void describe(sdk::Sink& sink) override;
};

struct Host {
  sdk::Root driver_root, dev_root, sys_root;
  std::string rocm_path;
};

// What would change the description, whatever is found: a GPU that comes is as much of a change as
// one that goes. Divided GPUs change the topology, and the mode beside.
void watch_host(sdk::Sink& sink, const Host& host) {
  sink.valid_while_listing(host.sys_root.host_path(sdk::join(kTopology, "nodes")));
  sink.valid_while_content(host.sys_root.host_path(sdk::join(kTopology, "generation_id")));
  sink.valid_while_listing(host.sys_root.host_path(kPciDriver));
  sink.valid_while_content(host.sys_root.host_path("/sys/module/amdgpu/version"));
  for (const std::string& path : smi_places(host.rocm_path)) {
    sdk::watch_path(sink, host.driver_root.host_path(path));
  }
}

void watch_modes(sdk::Sink& sink, const Host& host, const std::vector<Gpu>& gpus) {
  for (const Gpu& gpu : gpus) {
    if (gpu.mode.empty()) {
      continue;
    }
    for (const char* file : {"current_compute_partition", "current_memory_partition"}) {
      sink.valid_while_content(host.sys_root.host_path(sdk::join(gpu.pci_folder, file)));
    }
  }
}

// A GPU that is on the bus, for a message that says more than "no driver".
std::string gpu_without_driver(const sdk::Root& sys_root) {
  for (const sdk::PciDevice& device : sdk::pci_devices(sys_root)) {
    const std::uint32_t kind = device.device_class >> 16;
    if (device.vendor == kPciVendor && (kind == 0x03 || kind == 0x12)) {
      return "; the GPU at " + device.address + " is bound to " +
             (device.driver.empty() ? "no driver" : "driver " + device.driver);
    }
  }
  return "";
}

[[noreturn]] void absent(const sdk::Root& sys_root, bool has_kfd) {
  if (has_kfd || sys_root.is_folder(kPciDriver)) {
    throw sdk::Absent("the amdgpu driver is loaded but has no GPU" + gpu_without_driver(sys_root));
  }
  throw sdk::Absent("the amdgpu driver is not loaded: " + sys_root.host_path(kPciDriver) +
                    " does not exist" + gpu_without_driver(sys_root));
}

// The kernel decides which GPUs there are and where; the library adds what it alone knows.
void add_smi(std::vector<Gpu>& gpus, const SmiAnswer& answer) {
  for (Gpu& gpu : gpus) {
    for (const SmiGpu& more : answer.gpus) {
      if (more.pci != gpu.pci) {
        continue;
      }
      if (const std::string name = usable_name(more.name); !name.empty()) {
        gpu.name = name;
      }
      if (more.uuid.find_first_of(", ") == std::string::npos) {
        gpu.uuid = usable_name(more.uuid);
      }
      if (more.uncorrectable) {
        gpu.health = *more.uncorrectable > 0 ? "degraded" : "ok";
      }
      break;  // of a divided GPU the first part speaks for all
    }
  }
}

void Amd::describe(sdk::Sink& sink) {
  const Host host{sdk::Root(sdk::path_option(sink, "driver-root")),
                  sdk::Root(sdk::path_option(sink, "dev-root")),
                  sdk::Root(sdk::path_option(sink, "sys-root")),
                  sdk::path_option(sink, "rocm-path")};
  const sdk::InjectDrivers inject = sdk::inject_option(sink);
  const Nodes nodes(host.dev_root, host.sys_root);
  watch_host(sink, host);
  nodes.watch(sink);

  const Kfd kfd(host.sys_root);
  std::vector<Gpu> gpus = read_gpus(kfd, host.sys_root, host.driver_root);
  if (gpus.empty()) {
    absent(host.sys_root, kfd.present());
  }
  nodes.watch(sink, gpus);
  watch_modes(sink, host, gpus);
  const SmiAnswer answer = ask_smi(host.driver_root, host.rocm_path);
  add_smi(gpus, answer);
  for (Gpu& gpu : gpus) {
    gpu.health = gpu.health.empty() ? kernel_health(host.sys_root, gpu) : gpu.health;
  }
  if (!answer.problem.empty()) {
    sink.log(sdk::Severity::kWarn,
             answer.problem + (answer.source.empty() ? ": names and health are the kernel's"
                                                     : ": " + answer.source + " is used"));
  }

  const std::string driver = driver_version(host.sys_root);
  if (!driver.empty()) {
    sink.property("driver", driver);
  }
  sink.property("source", answer.source.empty() ? "sysfs" : answer.source);
  const std::vector<sdk::Device> devices = emit_devices(sink, gpus, nodes, driver);
  for (const Connection& connection : connections(kfd, gpus)) {
    sink.interconnect(devices[connection.first], devices[connection.second], connection.type,
                      connection.weight);
  }
  emit_rocm_libraries(sink, inject, host.driver_root, host.rocm_path);
}

}  // namespace
}  // namespace xpu::amd

XPU_BACKEND(xpu::amd::Amd, "amd", XPU_VERSION)
