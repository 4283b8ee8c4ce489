// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/features.h"

#include <array>
#include <string>

#include "backends/nvidia/devices.h"
#include "backends/nvidia/kernel.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kChannels = "/dev/nvidia-caps-imex-channels";
constexpr const char* kChannel = "channel";
constexpr const char* kStorage = "gds";
constexpr const char* kUdev = "/run/udev";
constexpr const char* kCufile = "/etc/cufile.json";

struct NodeFeature {
  const char* name;
  const char* driver;  // as /proc/devices spells it; "" where not all are of one
  // Exact paths; null: no more.
  std::array<const char*, 2> nodes;
  const char* numbered;  // and these with a number after them; "" for none
};
constexpr NodeFeature kNodeFeatures[] = {
    {kStorage, "nvidia-fs", {nullptr}, "/dev/nvidia-fs"},
    {"mofed", "", {"/dev/infiniband/rdma_cm", nullptr}, "/dev/infiniband/uverbs"},
    {"gdrcopy", "gdrdrv", {"/dev/gdrdrv", nullptr}, ""},
    {"nvswitch", "nvidia-nvswitch", {"/dev/nvidia-nvswitchctl", nullptr}, "/dev/nvidia-nvswitch"},
};

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 8 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

std::vector<std::string> nodes_of(const NodeFeature& feature, const sdk::Root& dev) {
  std::vector<std::string> found;
  for (const char* node : feature.nodes) {
    if (node && dev.is_device(node)) {
      found.emplace_back(node);
    }
  }
  const std::string folder = sdk::dir_name(feature.numbered);
  const std::string prefix = sdk::base_name(feature.numbered);
  if (prefix.empty()) {
    return found;
  }
  for (const std::string& name : dev.list(folder)) {
    const std::string node = sdk::join(folder, name);
    if (sdk::starts_with(name, prefix) && is_number(name.substr(prefix.size())) &&
        dev.is_device(node)) {
      found.push_back(node);
    }
  }
  return found;
}

}  // namespace

void Features::watch(sdk::Sink& sink) const {
  for (const NodeFeature& feature : kNodeFeatures) {
    std::vector<std::string> paths = nodes_of(feature, dev_);
    for (const char* node : feature.nodes) {
      if (node && !dev_.is_device(node)) {
        paths.emplace_back(node);
      }
    }
    // They are numbered from 0: one more of them, and not each change in /dev, is news.
    for (unsigned number = 0; *feature.numbered; ++number) {
      const std::string next = feature.numbered + std::to_string(number);
      if (!dev_.is_device(next)) {
        paths.push_back(next);
        break;
      }
    }
    for (const std::string& path : paths) {
      sdk::watch_path(sink, dev_.host_path(path));
    }
  }
  sdk::watch_path(sink, driver_.host_path(kCufile));
  sink.valid_while_listing(dev_.host_path(kChannels));
}

void Features::emit(sdk::Sink& sink, const std::vector<Gpu>& gpus,
                    const std::vector<sdk::Device>& devices) const {
  emit_nodes(sink);
  emit_channels(sink);
  emit_partitioning(sink, gpus, devices, "mig-config", kMigConfig);
  emit_partitioning(sink, gpus, devices, "mig-monitor", kMigMonitor);
}

void Features::emit_nodes(sdk::Sink& sink) const {
  for (const NodeFeature& feature : kNodeFeatures) {
    const std::vector<std::string> nodes = nodes_of(feature, dev_);
    if (nodes.empty()) {
      continue;
    }
    sink.capability(feature.name);
    const sdk::Scope scope = sdk::with_capability(feature.name);
    for (const std::string& node : nodes) {
      if (nodes_.belongs(node, feature.driver)) {
        sdk::emit_node(sink, scope, dev_, node);
      }
    }
    if (feature.name != std::string_view(kStorage)) {
      continue;
    }
    // Storage is found through udev's database of the machine's disks.
    if (dev_.is_folder(kUdev)) {
      sink.file(scope, {sdk::FileKind::kDirectory, dev_.host_path(kUdev), kUdev, "", "", {}});
    }
    if (driver_.is_file(kCufile)) {
      sink.file(scope, {sdk::FileKind::kData, driver_.host_path(kCufile), kCufile, "", "", {}});
    }
  }
}

// Channels over which GPUs of several machines share memory; each is asked for by its number.
void Features::emit_channels(sdk::Sink& sink) const {
  bool first = true;
  for (const std::string& name : dev_.list(kChannels)) {
    const std::string node = sdk::join(kChannels, name);
    if (!sdk::starts_with(name, kChannel) || !dev_.is_device(node)) {
      continue;
    }
    const std::string number = name.substr(std::string_view(kChannel).size());
    if (!is_number(number)) {
      continue;
    }
    if (first) {
      sink.capability("imex");
      first = false;
    }
    if (nodes_.belongs(node, "nvidia-caps-imex-channels")) {
      sdk::emit_node(sink, sdk::with_item("imex", number), dev_, node);
    }
  }
}

// The right itself, every partition of a GPU of which the container has a part, and GPUs that are
// in MIG mode but not divided yet, which no request can name.
void Features::emit_partitioning(sdk::Sink& sink, const std::vector<Gpu>& gpus,
                                 const std::vector<sdk::Device>& devices, const char* feature,
                                 const char* right) const {
  const auto minor = device_file(sys_, right).minor;
  if (!minor || !dev_.is_device(capability_node(*minor))) {
    return;
  }
  sink.capability(feature);
  nodes_.emit_access(sink, sdk::with_capability(feature), right);
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const Gpu& gpu = gpus[i];
    if (!gpu.minor || !gpu.mig_enabled.value_or(false)) {
      continue;
    }
    if (gpu.mig.empty()) {
      nodes_.emit_gpu(sink, sdk::with_capability(feature), *gpu.minor);
    }
    for (const MigDevice& mig : gpu.mig) {
      sdk::Scope scope = sdk::with(devices[i], feature);
      scope.device = partition_index(gpu, mig);
      for (const std::string& access : access_files(sys_, *gpu.minor)) {
        nodes_.emit_access(sink, scope, access);
      }
    }
  }
}

}  // namespace xpu::nvidia
