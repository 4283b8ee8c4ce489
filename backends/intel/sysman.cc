// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/sysman.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "backends/intel/sysman_library.h"
#include "sdk/helpers/path.h"

namespace xpu::intel {
namespace {

using ze::Api;
using ze::Handle;
using ze::handles;
using ze::kSuccess;
using ze::Result;

// A fixed buffer that need not be terminated. What the driver cannot tell it calls "unknown", or as
// the header spells it.
template <std::size_t N>
std::string text_of(const char (&buffer)[N]) {
  const std::string text = sdk::trimmed(std::string_view(buffer, strnlen(buffer, N)));
  return text == "unknown" || text == "unkown" ? "" : text;
}

std::string uuid_of(const std::uint8_t (&bytes)[16]) {
  if (std::all_of(std::begin(bytes), std::end(bytes), [](std::uint8_t b) { return b == 0; })) {
    return "";
  }
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    std::array<char, 4> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", bytes[i]);
    text += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
    text += digits.data();
  }
  return text;
}

std::optional<Condition> condition_of_memory(std::uint32_t health) {
  switch (health) {
    case ze::kMemoryReplace:
      return Condition::kMemoryReplace;
    case ze::kMemoryCritical:
      return Condition::kMemoryCritical;
    case ze::kMemoryDegraded:
      return Condition::kMemoryDegraded;
    default:
      return std::nullopt;
  }
}

void worsen(SysmanDevice& device, sdk::Health health) {
  device.health = worse(device.health.value_or(sdk::Health::kOk), health);
}

void read_memory(const Api& api, const HealthRules& rules, Handle device, SysmanDevice& out) {
  std::vector<Handle> modules;
  handles([&](std::uint32_t* count, Handle* to) { return api.memories(device, count, to); },
          modules);
  for (Handle module : modules) {
    ze::MemoryProperties properties{};
    properties.stype = ze::kTypeMemoryProperties;
    ze::MemoryState state{};
    state.stype = ze::kTypeMemoryState;
    if (api.memory(module, &properties) != kSuccess || properties.location != ze::kMemoryOnDevice) {
      continue;
    }
    const bool has_state = api.memory_state(module, &state) == kSuccess;
    out.memory_bytes += properties.physical_size != 0 ? properties.physical_size
                        : has_state                   ? state.size
                                                      : 0;
    if (!has_state) {
      continue;
    }
    if (const auto condition = condition_of_memory(state.health)) {
      worsen(out, rules.of(*condition));
    }
  }
}

std::optional<SysmanDevice> read_device(const Api& api, const HealthRules& rules, Handle device) {
  ze::PciProperties pci{};
  pci.stype = ze::kTypePciProperties;
  ze::DeviceProperties properties{};
  properties.stype = ze::kTypeDeviceProperties;
  properties.core.stype = ze::kTypeCoreDeviceProperties;
  if (api.pci(device, &pci) != kSuccess || api.properties(device, &properties) != kSuccess) {
    return std::nullopt;
  }
  SysmanDevice out;
  out.pci = ze::address_of(pci);
  out.device_id = static_cast<std::uint16_t>(properties.core.device_id);
  out.name = text_of(properties.core.name);
  if (out.name.empty()) {
    out.name = text_of(properties.model_name);
  }
  out.uuid = uuid_of(properties.core.uuid);
  out.serial = text_of(properties.serial_number);
  out.integrated = (properties.core.flags & ze::kFlagIntegrated) != 0;
  out.tiles = std::max(properties.subdevices, 1u);
  out.compute_units = properties.core.slices * properties.core.subslices_per_slice;

  ze::DeviceState state{};
  state.stype = ze::kTypeDeviceState;
  if (api.state(device, &state) == kSuccess) {
    const bool wedged = (state.reset & ze::kResetWedged) != 0;
    const bool repair = (state.reset & ze::kResetRepair) != 0;
    out.health = worse(wedged ? rules.of(Condition::kWedged) : sdk::Health::kOk,
                       repair ? rules.of(Condition::kRepair) : sdk::Health::kOk);
    if (wedged && rules.of(Condition::kWedged) == sdk::Health::kFailed) {
      out.problem = "the device hangs and must be reset";
    }
  }
  read_memory(api, rules, device, out);
  return out;
}

void read_devices(const Api& api, const HealthRules& rules, Sysman& out) {
  std::vector<Handle> drivers;
  Result result = handles(api.drivers, drivers);
  for (Handle driver : drivers) {
    std::vector<Handle> devices;
    const Result of_driver = handles(
        [&](std::uint32_t* count, Handle* to) { return api.devices(driver, count, to); }, devices);
    result = of_driver == kSuccess ? result : of_driver;
    for (Handle device : devices) {
      if (auto read = read_device(api, rules, device)) {
        out.devices.push_back(std::move(*read));
      }
    }
  }
  out.answered = !out.devices.empty();
  if (!out.answered) {
    out.problem =
        out.library + ": " + (result == kSuccess ? "it finds no device" : ze::words(result));
    out.transient = result != kSuccess && result != ze::kUninitialized;
  }
  std::sort(out.devices.begin(), out.devices.end(),
            [](const SysmanDevice& a, const SysmanDevice& b) { return a.pci < b.pci; });
}

void ask(const std::string& path, const HealthRules& rules, Sysman& out) {
  const ze::Loaded loaded = ze::load(path);
  out.library = path;
  out.problem = loaded.problem;
  out.transient = out.transient || loaded.transient;
  if (loaded.api) {
    read_devices(*loaded.api, rules, out);
  }
}

}  // namespace

const SysmanDevice* Sysman::find(const std::string& pci) const {
  for (const SysmanDevice& device : devices) {
    if (device.pci == pci) {
      return &device;
    }
  }
  return nullptr;
}

Sysman ask_sysman(const sdk::Root& driver_root, const HealthRules& rules) {
  Sysman out;
  out.problem = ze::no_loader(driver_root);
  for (const std::string& path : ze::loaders(driver_root)) {
    ask(path, rules, out);
    if (out.answered) {
      break;
    }
  }
  return out;
}

}  // namespace xpu::intel
