// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/describe.h"
#include "sdk/helpers/elf.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"

namespace xpu::intel {
namespace {

constexpr const char* kStore = "/usr/lib/wsl/drivers";
constexpr const char* kStoreName = "iigd_";  // of the Windows driver of Intel's GPUs
constexpr const char* kLibraries[] = {"libdxcore.so", "libd3d12.so", "libd3d12core.so"};
constexpr const char* kMask = "level-zero-devices";

std::vector<std::string> stores(const sdk::Root& root) {
  std::vector<std::string> found;
  for (const std::string& name : root.list(kStore)) {
    if (sdk::starts_with(name, kStoreName)) {
      found.push_back(sdk::join(kStore, name));
    }
  }
  return found;
}

void emit_files(sdk::Sink& sink, const sdk::Root& root) {
  for (const std::string& store : stores(root)) {
    sdk::File file;
    file.kind = sdk::FileKind::kDirectory;
    file.host_path = root.host_path(root.resolve(store).value_or(store));
    file.container_path = store;
    sink.file(sdk::always(), file);
  }
  for (const char* name : kLibraries) {
    const auto path = root.resolve(sdk::join("/usr/lib/wsl/lib", name));
    const auto elf = path ? sdk::read_elf(root, *path) : std::nullopt;
    if (!elf || !elf->shared || elf->architecture.empty()) {
      continue;
    }
    sdk::File file;
    file.kind = sdk::FileKind::kLibrary;
    file.host_path = root.host_path(*path);
    file.soname = elf->soname.empty() ? name : elf->soname;
    file.architecture = elf->architecture;
    sink.file(sdk::always(), file);
  }
}

sdk::Device emit_device(sdk::Sink& sink, const Host& host, unsigned index,
                        const SysmanDevice* known) {
  sdk::Device device;
  device.vendor = kGpuVendor;
  device.index = std::to_string(index);
  device.driver = driver_version(host, "");
  device.name = "Intel GPU";
  if (known != nullptr) {
    device.name =
        known->name.empty() ? fallback_name(host, "GPU", kIntel, known->device_id) : known->name;
    device.uuid = known->uuid;
    device.memory_bytes = known->memory_bytes;
    device.architecture = architecture_of(known->device_id);
  }
  sink.device(device);
  emit_alias(sink, device, "gpu" + device.index);
  emit_property(sink, device, "kernel-driver", "dxgkrnl");
  emit_property(sink, device, "source", known != nullptr ? "sysman" : "driver-store");
  if (known != nullptr) {
    emit_property(sink, device, "integrated", known->integrated ? "true" : "false");
  }
  sdk::emit_node(sink, sdk::with(device), host.dev_root, kDxg);
  return device;
}

}  // namespace

bool is_wsl(const Host& host) {
  return host.dev_root.is_device(kDxg) && !stores(host.driver_root).empty();
}

void emit_wsl(sdk::Sink& sink, const Host& host, const Sysman& sysman) {
  sdk::watch_path(sink, host.driver_root.host_path(kStore));
  if (sysman.devices.empty()) {
    emit_device(sink, host, 0, nullptr);
  }
  for (std::size_t i = 0; i < sysman.devices.size(); ++i) {
    const sdk::Device device =
        emit_device(sink, host, static_cast<unsigned>(i), &sysman.devices[i]);
    sink.value(sdk::with(device), sdk::Combine::kList, kMask, device.index);
  }
  if (!sysman.devices.empty()) {
    // The mask counts devices in the order that Level Zero gives them.
    sink.env(sdk::always(), "ZE_ENABLE_PCI_ID_DEVICE_ORDER", "1");
    sink.expanded_env(sdk::always(), "ZE_AFFINITY_MASK", std::string("${") + kMask + "}");
  }
  sink.note(
      sdk::always(), sdk::Severity::kWarn,
      "on WSL2 every GPU of the Windows host is behind /dev/dxg: ZE_AFFINITY_MASK hides those "
      "that were not asked for, but keeps no program from them");
  emit_files(sink, host.driver_root);
}

}  // namespace xpu::intel
