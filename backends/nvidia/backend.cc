// SPDX-License-Identifier: Apache-2.0
// The NVIDIA backend: one description of this host's GPUs, driver files and nodes.
#include <algorithm>
#include <cctype>
#include <set>

#include "backends/nvidia/detect.h"
#include "backends/nvidia/driver_files.h"
#include "backends/nvidia/nodes.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {
namespace {

constexpr const char* kVendorName = "nvidia";
// Partitioning can be switched on and off without a trace in procfs while no partition exists.
constexpr unsigned kMigSeconds = 600;
// A library that failed may answer a moment later.
constexpr unsigned kRetrySeconds = 30;

sdk::Root root_option(const sdk::Sink& sink, const char* name) {
  std::string value = sink.option(name);
  if (value.empty() || value[0] != '/') {
    throw sdk::Invalid("option " + std::string(name) + " is \"" + value +
                       "\", which is no absolute path");
  }
  return sdk::Root(value);
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// The spellings of a PCI address that tools print and people type.
std::set<std::string> pci_aliases(const std::string& pci) {
  std::set<std::string> names;
  std::string with_long_domain = pci;
  std::size_t colon = pci.find(':');
  with_long_domain.insert(0, colon < 8 ? 8 - colon : 0, '0');
  names.insert(with_long_domain);
  if (sdk::starts_with(pci, "0000:")) {
    names.insert(pci.substr(5));
  }
  for (const std::string& name : std::set<std::string>(names)) {
    names.insert(upper(name));
  }
  names.insert(upper(pci));
  names.erase(pci);
  return names;
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

// A partition has no address of its own: the GPU's must name the GPU alone.
sdk::Device to_device(const MigDevice& mig, const sdk::Device& parent, const std::string& problem) {
  sdk::Device device = parent;
  device.kind = sdk::Kind::kPartition;
  device.index = parent.index + ":" + std::to_string(mig.index);
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
    parts +=
        (parts.empty() ? "" : ", ") + std::to_string(gpu.index) + ":" + std::to_string(mig.index);
  }
  return parts.empty() ? "in MIG mode without partitions"
                       : "in MIG mode: ask for its partitions " + parts;
}

sdk::FileKind to_kind(DriverFileKind kind) {
  switch (kind) {
    case DriverFileKind::kLibrary:
      return sdk::FileKind::kLibrary;
    case DriverFileKind::kProgram:
      return sdk::FileKind::kBinary;
    case DriverFileKind::kSocket:
    case DriverFileKind::kSocketFolder:
      return sdk::FileKind::kSocket;
    case DriverFileKind::kData:
      break;
  }
  return sdk::FileKind::kData;
}

class Nvidia : public sdk::Backend {
 public:
  void describe(sdk::Sink& sink) override;
};

struct Host {
  sdk::Root driver_root, dev_root, sys_root;
};

// Conditions that hold whatever is found: a driver that appears is as much of a change as one that
// goes.
void watch_driver(sdk::Sink& sink, const Host& host) {
  sink.valid_while_content(host.sys_root.host_path(sdk::join(kProc, "version")));
  sink.valid_while_listing(host.sys_root.host_path(sdk::join(kProc, "gpus")));
  sink.valid_while_same(host.driver_root.host_path("/etc/ld.so.cache"));
}

void emit_files(sdk::Sink& sink, const Host& host, const DriverFiles& driver) {
  for (const DriverFile& file : driver.files) {
    sdk::File out;
    out.kind = to_kind(file.kind);
    out.host_path = host.driver_root.host_path(file.path);
    out.container_path = file.container_path;
    out.soname = file.soname;
    out.architecture = file.architecture;
    if (!file.links.empty()) {
      out.links = {file.links};
    }
    if (file.capabilities == 0) {
      sink.file(sdk::always(), out);
    }
    for (const CapabilityName& capability : kCapabilities) {
      if (file.capabilities & capability.bit) {
        sink.file(sdk::with_capability(capability.name), out);
      }
    }
  }
}

void watch_files(sdk::Sink& sink, const Host& host, const DriverFiles& driver) {
  std::set<std::string> watched(driver.missing.begin(), driver.missing.end());
  for (const DriverFile& file : driver.files) {
    if (file.kind != DriverFileKind::kSocketFolder) {
      watched.insert(file.path);
    }
  }
  for (const std::string& path : watched) {
    watch(sink, host.driver_root.host_path(path));
  }
  for (const std::string& path : driver.folders) {
    sink.valid_while_listing(host.driver_root.host_path(path));
  }
  for (const std::string& text : driver.refused) {
    sink.log(sdk::Severity::kWarn, text);
  }
  for (const std::string& path : driver.unknown) {
    sink.log(sdk::Severity::kDebug,
             "library of the driver that no capability uses: " + host.driver_root.host_path(path));
  }
}

// Why no GPU of this host can serve a container; "" when nothing is known against it.
std::string driver_problem(const Host& host, const Detected& found, const DriverFiles& driver) {
  const std::string& version = found.hardware.driver;
  if (found.wrong_version) {
    return found.nvml_problem + ": the kernel module is " + version +
           "; reload the module or restart the machine";
  }
  if (!driver.usable()) {
    return "no driver library of version " + version + " is below " +
           host.driver_root.host_path("/") + "; set driver-root where the driver is";
  }
  return "";
}

std::vector<sdk::Device> emit_devices(sdk::Sink& sink, const Nodes& nodes, const Detected& found,
                                      const std::string& driver_problem) {
  std::vector<sdk::Device> devices;
  for (const Gpu& gpu : found.hardware.gpus) {
    auto first_of = [&](const std::string& own) {
      return driver_problem.empty() ? own : driver_problem;
    };
    std::string problem = first_of(nodes.problem(gpu));
    if (problem.empty()) {
      problem = mig_problem(gpu);
    }
    sdk::Device device = to_device(gpu, found.hardware.driver, problem);
    sink.device(device);
    if (!gpu.pci.empty()) {
      for (const std::string& name : pci_aliases(gpu.pci)) {
        sink.alias(device, name);
      }
    }
    if (!gpu.brand.empty()) {
      sink.property(device, "brand", gpu.brand);
    }
    if (gpu.mig_enabled) {
      sink.property(device, "mig-mode", *gpu.mig_enabled ? "enabled" : "disabled");
    }
    nodes.emit(sink, device, gpu);
    for (const MigDevice& mig : gpu.mig) {
      sdk::Device part = to_device(mig, device, first_of(nodes.problem(gpu, mig)));
      sink.device(part);
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

void Nvidia::describe(sdk::Sink& sink) {
  const Host host{root_option(sink, "driver-root"), root_option(sink, "dev-root"),
                  root_option(sink, "sys-root")};
  watch_driver(sink, host);
  const Detected found = detect(host.driver_root, host.sys_root);
  const DriverFiles driver =
      find_driver_files(host.driver_root, host.sys_root, found.hardware.driver);
  const Nodes nodes(host.dev_root, host.sys_root);
  nodes.watch(sink, found.hardware.gpus);
  watch_files(sink, host, driver);
  if (!found.from_nvml) {
    sink.valid_for_seconds(kRetrySeconds);
    sink.log(sdk::Severity::kWarn, "NVML does not answer (" + found.nvml_problem +
                                       "): memory, compute capability and MIG are not known");
  } else if (std::any_of(found.hardware.gpus.begin(), found.hardware.gpus.end(),
                         [](const Gpu& gpu) { return gpu.mig_enabled.has_value(); })) {
    sink.valid_for_seconds(kMigSeconds);
  }

  for (const CapabilityName& capability : kCapabilities) {
    sink.capability(capability.name);
  }
  sink.property("driver", found.hardware.driver);
  if (!found.hardware.cuda.empty()) {
    sink.property("cuda", found.hardware.cuda);
  }
  sink.property("source", found.from_nvml ? "nvml" : "procfs");
  nodes.emit_control(sink);
  const std::vector<sdk::Device> devices =
      emit_devices(sink, nodes, found, driver_problem(host, found, driver));
  for (const Connection& connection : found.hardware.connections) {
    sink.interconnect(devices[connection.first], devices[connection.second], connection.type,
                      connection.weight);
  }
  emit_files(sink, host, driver);
}

}  // namespace
}  // namespace xpu::nvidia

XPU_BACKEND(xpu::nvidia::Nvidia, "nvidia", XPU_VERSION)
