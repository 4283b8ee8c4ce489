// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/sysman.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "backends/intel/sysman_abi.h"
#include "sdk/helpers/ld_cache.h"
#include "sdk/helpers/path.h"

namespace xpu::intel {
namespace {

constexpr const char* kLoader = "libze_loader.so.1";
constexpr std::array kFolders = {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/lib",
                                 "/usr/lib"};
constexpr std::uint32_t kMost = 256;  // drivers, devices of one, memory modules of one

using ze::Handle;
using ze::kSuccess;
using ze::Result;

struct Api {
  Result (*init)(std::uint32_t);
  Result (*drivers)(std::uint32_t*, Handle*);
  Result (*devices)(Handle, std::uint32_t*, Handle*);
  Result (*properties)(Handle, ze::DeviceProperties*);
  Result (*pci)(Handle, ze::PciProperties*);
  Result (*state)(Handle, ze::DeviceState*);
  Result (*memories)(Handle, std::uint32_t*, Handle*);
  Result (*memory)(Handle, ze::MemoryProperties*);
  Result (*memory_state)(Handle, ze::MemoryState*);
};

template <class Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

// The name of the first function that is missing; nullptr when all are there.
const char* bind(void* library, Api& api) {
  const char* missing = nullptr;
  auto need = [&](const char* name, auto& out) {
    if (!find(library, name, out) && missing == nullptr) {
      missing = name;
    }
  };
  need("zesInit", api.init);
  need("zesDriverGet", api.drivers);
  need("zesDeviceGet", api.devices);
  need("zesDeviceGetProperties", api.properties);
  need("zesDevicePciGetProperties", api.pci);
  need("zesDeviceGetState", api.state);
  need("zesDeviceEnumMemoryModules", api.memories);
  need("zesMemoryGetProperties", api.memory);
  need("zesMemoryGetState", api.memory_state);
  return missing;
}

std::string words(Result result) {
  switch (result) {
    case ze::kUninitialized:
      return "it finds no driver (libze_intel_gpu.so.1)";
    case ze::kDependencyUnavailable:
      return "a library that it needs is missing";
    case ze::kInsufficientPermissions:
      return "permission denied";
    case ze::kDeviceLost:
      return "a device is lost";
    case ze::kUnsupportedFeature:
      return "its driver has no Sysman";
    default: {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), "result 0x%x", result);
      return text.data();
    }
  }
}

// The handles that `list` gives when it is asked twice, for their number and for them.
template <class List>
Result handles(List list, std::vector<Handle>& out) {
  std::uint32_t count = 0;
  Result result = list(&count, nullptr);
  if (result != kSuccess || count == 0) {
    return result;
  }
  count = std::min(count, kMost);
  out.resize(count);
  result = list(&count, out.data());
  out.resize(result == kSuccess ? std::min<std::size_t>(count, out.size()) : 0);
  return result;
}

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

std::string address_of(const ze::PciProperties& pci) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", pci.domain, pci.bus, pci.device,
                pci.function);
  return text.data();
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
  out.pci = address_of(pci);
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
    out.problem = out.library + ": " + (result == kSuccess ? "it finds no device" : words(result));
    out.transient = result != kSuccess && result != ze::kUninitialized;
  }
  std::sort(out.devices.begin(), out.devices.end(),
            [](const SysmanDevice& a, const SysmanDevice& b) { return a.pci < b.pci; });
}

// Where the loader may be, best first, links followed.
std::vector<std::string> candidates(const sdk::Root& root) {
  std::vector<std::string> found;
  std::vector<std::string> places = sdk::LdCache::load(root).find(kLoader, "");
  for (const char* folder : kFolders) {
    places.push_back(sdk::join(folder, kLoader));
  }
  for (const std::string& place : places) {
    const auto path = root.resolve(place);
    if (path && root.is_file(*path) &&
        std::find(found.begin(), found.end(), root.host_path(*path)) == found.end()) {
      found.push_back(root.host_path(*path));
    }
  }
  return found;
}

void ask(const std::string& path, const HealthRules& rules, Sysman& out) {
  out.library = path;
  // Never unloaded: drivers of this kind keep threads and handlers.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* text = dlerror();
    out.problem = text != nullptr ? text : path + " cannot be loaded";
    return;
  }
  Api api{};
  if (const char* missing = bind(library, api)) {
    out.problem = path + " is too old: it has no " + missing;
    return;
  }
  if (const Result result = api.init(0); result != kSuccess) {
    out.problem = path + ": " + words(result);
    out.transient = result != ze::kUninitialized;
    return;
  }
  read_devices(api, rules, out);
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
  out.problem = std::string(kLoader) + " is not below " + driver_root.host_path("/");
  for (const std::string& path : candidates(driver_root)) {
    ask(path, rules, out);
    if (out.answered) {
      break;
    }
  }
  return out;
}

}  // namespace xpu::intel
