// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "backends/intel/describe.h"

namespace xpu::intel {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

sdk::Device to_device(const Host& host, const Accelerator& found) {
  sdk::Device device;
  device.pci = found.pci;
  device.numa_node = found.numa_node;
  device.driver = driver_version(host, found.driver);
  device.reason = sdk::node_problem(host.dev_root, found.node.path, found.node.number);
  return device;
}

void emit_if_right(sdk::Sink& sink, const sdk::Scope& scope, const Host& host,
                   const AcceleratorNode& node) {
  if (sdk::node_problem(host.dev_root, node.path, node.number).empty()) {
    sdk::emit_node(sink, scope, host.dev_root, node.path);
  }
  sdk::watch_path(sink, host.dev_root.host_path(node.path));
}

void emit_gaudi(sdk::Sink& sink, const Host& host, const HealthRules& rules,
                const Accelerator& gaudi) {
  sdk::Device device = to_device(host, gaudi);
  device.vendor = kGaudiVendor;
  device.index = std::to_string(gaudi.number);
  device.kind = sdk::Kind::kAccelerator;
  device.name = gaudi.type.empty() ? fallback_name(host, "Gaudi", gaudi.vendor, gaudi.device_id)
                                   : "Intel " + gaudi.type;
  // The first word of "GAUDI3 HL-338".
  device.architecture = lower(gaudi.type.substr(0, gaudi.type.find(' ')));
  const auto condition = condition_of_status(gaudi.status);
  // "" where the driver says nothing.
  const std::string health = gaudi.status.empty() ? ""
                             : condition          ? word_of(rules.of(*condition))
                                                  : word_of(sdk::Health::kOk);
  if (device.reason.empty() && health == "failed") {
    device.reason = "its driver says \"" + gaudi.status + "\"";
  }
  device.available = device.reason.empty();
  emit_device(sink, device);
  emit_property(sink, device, "driver", device.driver);
  emit_property(sink, device, "kernel-driver", gaudi.driver);
  emit_property(sink, device, "health", health);
  emit_property(sink, device, "module-id", gaudi.module_id);
  emit_property(sink, device, "source", "sysfs");
  emit_if_right(sink, sdk::with(device), host, gaudi.node);
  if (gaudi.control) {
    emit_if_right(sink, sdk::with(device), host, *gaudi.control);
  }
  for (const std::string& path : gaudi.verbs) {
    emit_if_right(sink, sdk::with(device, kRdma), host, {path, std::nullopt});
  }
  sink.valid_while_content(host.sys_root.host_path(gaudi.status_file));
}

}  // namespace

void emit_npus(sdk::Sink& sink, const Host& host, const std::vector<Accelerator>& npus,
               const Sysman& sysman, unsigned first_index) {
  for (std::size_t i = 0; i < npus.size(); ++i) {
    const Accelerator& npu = npus[i];
    const SysmanDevice* known = sysman.find(npu.pci);
    sdk::Device device = to_device(host, npu);
    device.vendor = kGpuVendor;
    device.index = std::to_string(first_index + i);
    device.kind = sdk::Kind::kNpu;
    device.architecture = architecture_of(npu.device_id);
    device.name = known != nullptr && !known->name.empty()
                      ? known->name
                      : fallback_name(host, "NPU", npu.vendor, npu.device_id);
    device.available = device.reason.empty();
    emit_device(sink, device);
    emit_alias(sink, device, "npu" + std::to_string(i));
    emit_property(sink, device, "driver", device.driver);
    emit_property(sink, device, "kernel-driver", npu.driver);
    emit_property(sink, device, "integrated", "true");
    emit_property(sink, device, "source", known != nullptr ? "sysman" : "sysfs");
    emit_if_right(sink, sdk::with(device), host, npu.node);
  }
}

void emit_gaudis(sdk::Sink& sink, const Host& host, const HealthRules& rules,
                 const std::vector<Accelerator>& gaudis) {
  for (const Accelerator& gaudi : gaudis) {
    emit_gaudi(sink, host, rules, gaudi);
  }
}

}  // namespace xpu::intel
