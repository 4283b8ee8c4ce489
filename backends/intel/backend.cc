// SPDX-License-Identifier: Apache-2.0
// The Intel backend: GPUs, their virtual functions and NPUs as vendor "intel", Gaudi accelerators
// as vendor "habana".
#include <algorithm>
#include <set>

#include "backends/intel/describe.h"
#include "backends/intel/sampler.h"
#include "backends/intel/user_driver.h"
#include "backends/intel/watch.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::intel {
namespace {

// A library that failed, or a device that hangs, may be right later; asking takes a moment.
constexpr unsigned kRetrySeconds = 600;

struct Found {
  std::vector<Gpu> gpus;
  std::vector<Accelerator> npus, gaudis;
  bool wsl = false;
  bool empty() const { return gpus.empty() && npus.empty() && gaudis.empty() && !wsl; }
};

// What comes, what goes and what is bound to another driver, also where nothing is found now.
void watch_classes(sdk::Sink& sink, const Host& host) {
  for (const char* folder : {kDrm, kAccel, kOldGaudi, kVerbs}) {
    sink.valid_while_listing(host.sys_root.host_path(folder));
  }
  for (const char* driver : kDrivers) {
    sink.valid_while_listing(host.sys_root.host_path(kDriversOnBus + std::string(driver)));
    sink.valid_while_content(
        host.sys_root.host_path("/sys/module/" + std::string(driver) + "/version"));
  }
  sdk::watch_path(sink, host.dev_root.host_path(kDxg));
}

// Names of nodes can change hands while the classes list the same names, and virtual functions
// come and go in the folder of their device.
void watch_devices(sdk::Sink& sink, const Host& host, const Found& found) {
  std::set<std::string> folders;
  for (const Gpu& gpu : found.gpus) {
    folders.insert(gpu.folder + "/drm");
    if (gpu.physical.empty()) {
      folders.insert(gpu.folder);
    }
  }
  for (const auto* accelerators : {&found.npus, &found.gaudis}) {
    for (const Accelerator& accelerator : *accelerators) {
      folders.insert({accelerator.folder + "/accel", accelerator.folder + "/habanalabs"});
      if (!accelerator.pci_file.empty()) {
        sink.valid_while_content(host.sys_root.host_path(accelerator.pci_file));
      }
    }
  }
  for (const std::string& folder : folders) {
    sink.valid_while_listing(host.sys_root.host_path(folder));
  }
}

// Of a host with very many virtual functions only their names are watched: there is a limit on
// conditions, and beyond it nothing would be described.
void watch_nodes(sdk::Sink& sink, const Host& host, const std::vector<Gpu>& gpus) {
  constexpr std::size_t kEachOfThem = 128;
  sink.valid_while_listing(host.dev_root.host_path(sdk::kDrmNodes));
  for (const Gpu& gpu : gpus) {
    if (gpus.size() <= kEachOfThem) {
      sdk::watch_drm(sink, host.dev_root, gpu.drm);
    }
  }
}

// Hardware that is on the bus without the driver that would make it a device.
std::string without_driver(const Host& host) {
  for (const sdk::PciDevice& device : sdk::pci_devices(host.sys_root)) {
    const std::uint32_t kind = device.device_class >> 16;
    if ((device.vendor == kIntel && (kind == 0x03 || kind == 0x12)) || device.vendor == kHabana) {
      return "; " + fallback_name(host, "device", device.vendor, device.device) + " at " +
             device.address + " is bound to " +
             (device.driver.empty() ? "no driver" : "driver " + device.driver);
    }
  }
  return "";
}

void watch_sysman(sdk::Sink& sink, const Host& host, const Sysman& sysman) {
  sdk::watch_path(sink, host.driver_root.host_path("/etc/ld.so.cache"));
  if (!sysman.library.empty()) {
    sdk::watch_path(sink, sysman.library);
  }
  bool retry = sysman.transient;
  for (const SysmanDevice& device : sysman.devices) {
    retry = retry || !device.problem.empty();
  }
  if (retry) {
    sink.valid_for_seconds(kRetrySeconds);
  }
  if (!sysman.answered) {
    sink.log(sdk::Severity::kInfo, "Level Zero Sysman does not answer (" + sysman.problem +
                                       "): UUIDs and health are not known");
  }
}

class Intel : public sdk::LiveBackend {
 public:
  void describe(sdk::Sink& sink) override {
    const Host host = host_of(sink);
    const HealthRules rules = health_rules(sink);
    // Of watching and measuring: a mistake is told here already.
    reset_patience(sink.option("reset-seconds"));
    sysman_use(sink.option("sysman-metrics"));
    const sdk::InjectDrivers inject = sdk::inject_option(sink);
    const std::string oneapi_path = sdk::path_option(sink, "oneapi-path");
    watch_classes(sink, host);
    Found found{find_gpus(host.sys_root), find_npus(host.sys_root), find_gaudis(host.sys_root)};
    found.wsl = found.gpus.empty() && is_wsl(host);
    watch_devices(sink, host, found);
    if (!found.gpus.empty()) {
      watch_nodes(sink, host, found.gpus);
    }
    if (found.empty()) {
      throw sdk::Absent("no device of the drivers i915, xe, intel_vpu and habanalabs is below " +
                        host.sys_root.host_path("/sys/class") + without_driver(host));
    }
    emit(sink, host, rules, found);
    if (!found.gpus.empty() || !found.npus.empty() || found.wsl) {
      emit_user_driver(sink, host, inject, oneapi_path);
    }
  }

  void start_watching(sdk::Events& events) override { watch_.start(events); }
  int descriptor() const override { return watch_.descriptor(); }
  std::uint32_t dispatch(sdk::Events& events) override { return watch_.dispatch(events); }
  void stop_watching() override { watch_.stop(); }
  void start_sampling(sdk::Samples& samples) override { sampler_.start(samples); }
  void sample(sdk::Samples& samples) override { sampler_.sample(samples); }

 private:
  static void emit(sdk::Sink& sink, const Host& host, const HealthRules& rules,
                   const Found& found) {
    Sysman sysman;
    if (!found.gpus.empty() || !found.npus.empty() || found.wsl) {
      sysman = ask_sysman(host.driver_root, rules);
      watch_sysman(sink, host, sysman);
    }
    sink.capability(kRdma);
    sink.property("source", sysman.answered ? "sysman" : "sysfs");
    unsigned gpus = emit_gpus(sink, host, found.gpus, sysman);
    if (found.wsl) {
      emit_wsl(sink, host, sysman);
      gpus = static_cast<unsigned>(std::max<std::size_t>(1, sysman.devices.size()));
    }
    emit_npus(sink, host, found.npus, sysman, gpus);
    emit_gaudis(sink, host, rules, found.gaudis);
  }

  Watch watch_;
  Sampler sampler_;
};

}  // namespace
}  // namespace xpu::intel

XPU_BACKEND(xpu::intel::Intel, "intel", XPU_VERSION)
