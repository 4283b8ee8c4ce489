// SPDX-License-Identifier: Apache-2.0
// The AMD backend: one description of this host's GPUs and their partitions.
#include "backends/amd/devices.h"
#include "backends/amd/hardware.h"
#include "backends/amd/health.h"
#include "backends/amd/names.h"
#include "backends/amd/nodes.h"
#include "backends/amd/options.h"
#include "backends/amd/presence.h"
#include "backends/amd/ras.h"
#include "backends/amd/rocm_libraries.h"
#include "backends/amd/sample.h"
#include "backends/amd/smi.h"
#include "backends/amd/watch.h"
#include "sdk/helpers/path.h"
#include "xpu/live.hpp"

namespace xpu::amd {
namespace {

class Amd : public sdk::LiveBackend {
 public:
  void describe(sdk::Sink& sink) override;

  void start_watching(sdk::Events& events) override { watch_.start(events); }
  int descriptor() const override { return watch_.fd(); }
  std::uint32_t dispatch(sdk::Events& events) override { return watch_.dispatch(events); }
  void stop_watching() override { watch_.stop(); }

  void start_sampling(sdk::Samples& samples) override {
    sampler_.start(samples);
    sampling_ = true;
  }
  void sample(sdk::Samples& samples) override { sampler_.sample(samples); }
  void stop_sampling() override { sampling_ = false; }

 private:
  Ras ras_;
  bool sampling_ = false;
  Watch watch_{ras_, sampling_};
  Sampler sampler_{ras_};
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

[[noreturn]] void absent(const sdk::Root& sys_root, bool has_kfd) {
  if (has_kfd || sys_root.is_folder(kPciDriver)) {
    throw sdk::Absent("the amdgpu driver is loaded but has no GPU" + gpu_without_driver(sys_root));
  }
  throw sdk::Absent("the amdgpu driver is not loaded: " + sys_root.host_path(kPciDriver) +
                    " does not exist" + gpu_without_driver(sys_root));
}

// The kernel decides which GPUs there are and where; the library adds what it alone knows, which of
// a divided GPU is what it says of the first part.
const SmiGpu* find_smi(const SmiAnswer& answer, const Gpu& gpu) {
  for (const SmiGpu& more : answer.gpus) {
    if (more.pci == gpu.pci) {
      return &more;
    }
  }
  return nullptr;
}

void add_smi(Gpu& gpu, const SmiGpu& more) {
  if (const std::string name = usable_name(more.name); !name.empty()) {
    gpu.name = name;
  }
  if (more.uuid.find_first_of(", ") == std::string::npos) {
    gpu.uuid = usable_name(more.uuid);
  }
}

// By what is counted, with the same rules as what an event says of it; "" where nothing is counted.
std::string health_of(const sdk::Root& sys_root, const Gpu& gpu, const SmiGpu* more,
                      const HealthRules& rules) {
  const bool known = more != nullptr && more->uncorrectable;
  RasCounts counts = read_ras(sys_root, gpu, !known);
  if (known) {
    counts.uncorrected = more->uncorrectable;
  }
  if (!counts.uncorrected && !counts.bad_pages) {
    return "";
  }
  GpuHealth health;
  health.counted(counts);
  return to_string(health.verdict(rules, GpuHealth::Clock::now()).health);
}

void Amd::describe(sdk::Sink& sink) {
  const Host host = host_of(option_of(sink));
  const sdk::InjectDrivers inject = sdk::inject_option(sink);
  const HealthRules rules = health_rules(option_of(sink), host.sys_root);
  watch_options(option_of(sink));
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
  for (Gpu& gpu : gpus) {
    const SmiGpu* more = find_smi(answer, gpu);
    if (more != nullptr) {
      add_smi(gpu, *more);
    }
    gpu.health = health_of(host.sys_root, gpu, more, rules);
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
