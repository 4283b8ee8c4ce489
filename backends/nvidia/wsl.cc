// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/wsl.h"

#include <algorithm>
#include <functional>

#include "backends/nvidia/detect.h"
#include "backends/nvidia/devices.h"
#include "backends/nvidia/driver_edits.h"
#include "backends/nvidia/platform.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kNode = "/dev/dxg";

std::vector<std::string> nvml_of(const sdk::Root& root, const DriverFiles& files) {
  std::vector<std::string> found;
  for (const DriverFile& file : files.files) {
    if (file.soname == "libnvidia-ml.so.1") {
      found.push_back(root.host_path(file.path));
    }
  }
  return found;
}

// Every GPU is behind one node: what is not asked for can only be hidden from CUDA.
void emit_mask(sdk::Sink& sink, const std::vector<sdk::Device>& devices) {
  const bool by_uuid = std::none_of(devices.begin(), devices.end(),
                                    [](const sdk::Device& device) { return device.uuid.empty(); });
  for (const sdk::Device& device : devices) {
    sink.value(sdk::with(device), sdk::Combine::kList, "visible",
               by_uuid ? device.uuid : device.index);
    sink.note(sdk::with(device), sdk::Severity::kWarn,
              "WSL2 has one node for all GPUs, " + std::string(kNode) +
                  ": CUDA_VISIBLE_DEVICES hides those that were not asked for, but nothing keeps "
                  "the container from using them");
  }
  sink.expanded_env(sdk::always(), "CUDA_VISIBLE_DEVICES", "${visible}");
  if (!by_uuid) {
    sink.env(sdk::always(), "CUDA_DEVICE_ORDER", "PCI_BUS_ID");  // NVML's order
  }
}

// NVML comes out of the store of the driver that runs. Without such an answer all are kept.
void keep_stores_in_use(const Options& options, const std::vector<std::string>& libraries,
                        std::vector<std::string>& stores) {
  const auto in_use = [&](const std::string& store) {
    const std::string folder = options.driver_root.host_path(store) + "/";
    return std::any_of(libraries.begin(), libraries.end(), [&](const std::string& library) {
      return sdk::starts_with(library, folder);
    });
  };
  if (std::any_of(stores.begin(), stores.end(), in_use)) {
    stores.erase(std::remove_if(stores.begin(), stores.end(), std::not_fn(in_use)), stores.end());
  }
}

Hardware hardware_of(sdk::Sink& sink, const Options& options, const DriverFiles& files,
                     bool& from_nvml, std::vector<std::string>& stores) {
  NvmlAnswer nvml = ask_nvml(nvml_of(options.driver_root, files), options.sys_root);
  from_nvml = nvml.hardware.has_value();
  if (from_nvml) {
    if (nvml.hardware->gpus.empty()) {
      throw sdk::Absent("the driver of Windows has no GPU for WSL2");
    }
    keep_stores_in_use(options, nvml.libraries, stores);
    return std::move(*nvml.hardware);
  }
  sink.valid_for_seconds(kRetrySeconds);
  sink.log(sdk::Severity::kWarn,
           "NVML does not answer (" +
               (nvml.problem.empty() ? "there is no libnvidia-ml.so.1" : nvml.problem) +
               "): how many GPUs there are is not known, all of them count as one");
  Hardware hardware;
  hardware.gpus.emplace_back();
  return hardware;
}

}  // namespace

void describe_wsl(sdk::Sink& sink, const Options& options) {
  std::vector<std::string> stores = wsl_stores(options.driver_root);
  const std::size_t stores_there = stores.size();
  DriverFiles files = find_wsl_files(options.driver_root, stores);
  sdk::watch_path(sink, options.dev_root.host_path(kNode));
  watch_files(sink, options.driver_root, files);
  if (!options.dev_root.is_device(kNode)) {
    throw sdk::Absent(options.dev_root.host_path(kNode) +
                      " does not exist: WSL2 has no GPU of Windows");
  }
  if (!files.usable()) {
    throw sdk::Absent("the driver of Windows brings no libcuda.so.1 into " +
                      options.driver_root.host_path(kWslFolder) + " or a folder of " +
                      options.driver_root.host_path(kWslStores) +
                      ": the GPU is another vendor's, or NVIDIA's driver for Windows is too old");
  }
  bool from_nvml = false;
  const Hardware hardware = hardware_of(sink, options, files, from_nvml, stores);
  if (stores.size() != stores_there) {
    files = find_wsl_files(options.driver_root, stores);
  }
  emit_capabilities(sink);
  emit_properties(sink, hardware, from_nvml ? "nvml" : "dxg");
  std::vector<sdk::Device> devices;
  for (Gpu gpu : hardware.gpus) {
    gpu.mig_enabled.reset();  // no partitions on Windows
    sdk::Device device = to_device(gpu, hardware.driver, gpu.problem);
    emit_device(sink, device, gpu);
    sink.node(sdk::with(device),
              {options.dev_root.host_path(options.dev_root.resolve(kNode).value_or(kNode)), kNode});
    devices.push_back(std::move(device));
  }
  if (devices.size() > 1) {
    emit_mask(sink, devices);
  }
  emit_files(sink, options, files);
  emit_cuda(sink, options);
}

}  // namespace xpu::nvidia
