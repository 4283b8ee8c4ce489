// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/host.h"

#include <array>
#include <cstdio>

#include "sdk/helpers/path.h"

namespace xpu::intel {

sdk::Root root_of(const char* option, const std::string& value) {
  if (value.empty() || value[0] != '/') {
    throw sdk::Invalid("option " + std::string(option) + " is \"" + value +
                       "\", which is no absolute path");
  }
  return sdk::Root(sdk::clean(value));
}

std::string driver_version(const Host& host, const std::string& driver) {
  const std::string own =
      driver.empty() ? "" : host.sys_root.read_line("/sys/module/" + driver + "/version");
  return own.empty() ? host.sys_root.read_line("/proc/sys/kernel/osrelease") : own;
}

void emit_device(sdk::Sink& sink, sdk::Device& device) {
  try {
    sink.device(device);
  } catch (const sdk::Rejected&) {
    device.uuid = device.architecture = device.driver = "";
    device.name = device.kind == sdk::Kind::kNpu           ? "Intel NPU"
                  : device.kind == sdk::Kind::kAccelerator ? "Intel Gaudi"
                                                           : "Intel GPU";
    sink.device(device);
  }
}

void emit_alias(sdk::Sink& sink, const sdk::Device& device, const std::string& name) {
  try {
    sink.alias(device, name);
  } catch (const sdk::Rejected&) {
  }
}

void emit_property(sdk::Sink& sink, const sdk::Device& device, const char* key,
                   const std::string& value) {
  if (value.empty()) {
    return;
  }
  try {
    sink.property(device, key, value);
  } catch (const sdk::Rejected&) {
  }
}

std::string fallback_name(const Host& host, const std::string& kind, std::uint16_t vendor,
                          std::uint16_t device_id) {
  const std::string known = sdk::marketing_name(host.pci_ids.name(vendor, device_id));
  if (!known.empty()) {
    return known.find("Intel") == std::string::npos ? "Intel " + known : known;
  }
  if (device_id == 0) {
    return "Intel " + kind;
  }
  std::array<char, 16> ids{};
  std::snprintf(ids.data(), ids.size(), " %04x:%04x", vendor, device_id);
  return "Intel " + kind + ids.data();
}

}  // namespace xpu::intel
