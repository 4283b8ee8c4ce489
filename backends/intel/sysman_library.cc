// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/sysman_library.h"

#include <dlfcn.h>

#include <array>
#include <cstdio>

#include "sdk/helpers/ld_cache.h"
#include "sdk/helpers/path.h"

namespace xpu::intel::ze {
namespace {

constexpr const char* kLoader = "libze_loader.so.1";
constexpr std::array kFolders = {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/lib",
                                 "/usr/lib"};

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
  need("zesDeviceEnumEngineGroups", api.engines);
  need("zesEngineGetProperties", api.engine);
  need("zesEngineGetActivity", api.activity);
  need("zesDeviceEnumRasErrorSets", api.ras_sets);
  need("zesRasGetProperties", api.ras);
  need("zesRasGetState", api.ras_state);
  return missing;
}

}  // namespace

std::vector<std::string> loaders(const sdk::Root& driver_root) {
  std::vector<std::string> found;
  std::vector<std::string> places = sdk::LdCache::load(driver_root).find(kLoader, "");
  for (const char* folder : kFolders) {
    places.push_back(sdk::join(folder, kLoader));
  }
  for (const std::string& place : places) {
    const auto path = driver_root.resolve(place);
    if (path && driver_root.is_file(*path) &&
        std::find(found.begin(), found.end(), driver_root.host_path(*path)) == found.end()) {
      found.push_back(driver_root.host_path(*path));
    }
  }
  return found;
}

std::string no_loader(const sdk::Root& driver_root) {
  return std::string(kLoader) + " is not below " + driver_root.host_path("/");
}

Loaded load(const std::string& path) {
  Loaded out;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* text = dlerror();
    out.problem = text != nullptr ? text : path + " cannot be loaded";
    return out;
  }
  Api api{};
  if (const char* missing = bind(library, api)) {
    out.problem = path + " is too old: it has no " + missing;
    return out;
  }
  if (const Result result = api.init(0); result != kSuccess) {
    out.problem = path + ": " + words(result);
    out.transient = result != kUninitialized;
    return out;
  }
  out.api = api;
  return out;
}

std::string words(Result result) {
  switch (result) {
    case kUninitialized:
      return "it finds no driver (libze_intel_gpu.so.1)";
    case kDependencyUnavailable:
      return "a library that it needs is missing";
    case kInsufficientPermissions:
      return "permission denied";
    case kDeviceLost:
      return "a device is lost";
    case kUnsupportedFeature:
      return "its driver has no Sysman";
    default: {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), "result 0x%x", result);
      return text.data();
    }
  }
}

std::string address_of(const PciProperties& pci) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", pci.domain, pci.bus, pci.device,
                pci.function);
  return text.data();
}

}  // namespace xpu::intel::ze
