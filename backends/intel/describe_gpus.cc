// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "backends/intel/describe.h"

namespace xpu::intel {
namespace {

class GpuWriter {
 public:
  GpuWriter(sdk::Sink& sink, const Host& host, const Sysman& sysman)
      : sink_(sink), host_(host), sysman_(sysman) {}

  void write(const Gpu& gpu, const std::string& index, const std::string& parent, bool in_all) {
    const SysmanDevice* known = sysman_.find(gpu.pci);
    sdk::Device device = identity(gpu, known);
    device.index = index;
    device.parent = parent;
    device.kind = parent.empty() ? sdk::Kind::kGpu : sdk::Kind::kPartition;
    device.in_all = in_all;
    device.reason = known != nullptr && !known->problem.empty()
                        ? known->problem
                        : sdk::drm_problem(host_.dev_root, gpu.drm);
    device.available = device.reason.empty();
    emit_device(sink_, device);
    if (parent.empty()) {
      emit_alias(sink_, device, "gpu" + index);
    }
    properties(device, gpu, known);
    sdk::emit_drm(sink_, sdk::with(device), host_.dev_root, gpu.drm);
  }

 private:
  sdk::Device identity(const Gpu& gpu, const SysmanDevice* known) {
    sdk::Device device;
    device.vendor = kGpuVendor;
    device.pci = gpu.pci;
    device.numa_node = gpu.numa_node;
    device.architecture = architecture_of(gpu.device_id);
    device.driver =
        versions_.try_emplace(gpu.driver, driver_version(host_, gpu.driver)).first->second;
    device.memory_bytes = gpu.memory_bytes;
    if (known != nullptr) {
      device.name = known->name;
      // Of two that say the same neither can be meant by it.
      device.uuid = uuids_.insert(known->uuid).second ? known->uuid : "";
      device.memory_bytes = known->memory_bytes != 0 ? known->memory_bytes : gpu.memory_bytes;
    }
    if (device.name.empty()) {
      device.name = fallback_name(host_, "GPU", kIntel, gpu.device_id);
    }
    if (!gpu.physical.empty()) {
      device.name += " VF " + std::to_string(gpu.function);
    }
    return device;
  }

  void properties(const sdk::Device& device, const Gpu& gpu, const SysmanDevice* known) {
    auto say = [&](const char* key, const std::string& value) {
      emit_property(sink_, device, key, value);
    };
    // Not every driver fills in the flag: where it is not set sysfs has the first word.
    std::optional<bool> integrated = gpu.integrated;
    if (known != nullptr && (known->integrated || !integrated)) {
      integrated = known->integrated;
    }
    const unsigned tiles = known != nullptr ? std::max(known->tiles, gpu.tiles) : gpu.tiles;
    say("driver", device.driver);
    say("kernel-driver", gpu.driver);
    say("integrated", integrated ? (*integrated ? "true" : "false") : "");
    say("tiles", std::to_string(tiles));
    say("virtual-functions", gpu.functions.empty() ? "" : std::to_string(gpu.functions.size()));
    say("source", known != nullptr ? "sysman" : "sysfs");
    if (known != nullptr) {
      say("health", known->health ? word_of(*known->health) : "");
      say("serial", known->serial);
      say("compute-units", known->compute_units != 0 ? std::to_string(known->compute_units) : "");
    }
  }

  sdk::Sink& sink_;
  const Host& host_;
  const Sysman& sysman_;
  std::map<std::string, std::string> versions_;
  std::set<std::string> uuids_;
};

}  // namespace

unsigned emit_gpus(sdk::Sink& sink, const Host& host, const std::vector<Gpu>& gpus,
                   const Sysman& sysman) {
  GpuWriter writer(sink, host, sysman);
  std::map<std::string, std::vector<const Gpu*>> functions;  // by the GPU that they are part of
  for (const Gpu& gpu : gpus) {
    if (!gpu.physical.empty()) {
      functions[gpu.physical].push_back(&gpu);
    }
  }
  unsigned count = 0;
  for (const Gpu& gpu : gpus) {
    if (!gpu.physical.empty()) {
      continue;
    }
    std::vector<const Gpu*>& parts = functions[gpu.pci];
    const std::string index = std::to_string(count++);
    // What it has left beside its parts can still be asked for by name.
    writer.write(gpu, index, "", parts.empty());
    std::sort(parts.begin(), parts.end(),
              [](const Gpu* a, const Gpu* b) { return a->function < b->function; });
    for (const Gpu* part : parts) {
      writer.write(*part, index + ":" + std::to_string(part->function), index, true);
    }
  }
  return count;
}

}  // namespace xpu::intel
