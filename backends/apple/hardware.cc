// SPDX-License-Identifier: Apache-2.0
#include "backends/apple/hardware.h"

#include <algorithm>
#include <array>
#include <optional>

namespace xpu::apple {
namespace {

constexpr std::uint32_t kUtf8 = 0x08000100;  // kCFStringEncodingUTF8
constexpr long kSigned64 = 4;                // kCFNumberSInt64Type
constexpr const char* kArchitecture = "applegpu_";

// An object that somebody else has counted for us.
class Owned {
 public:
  Owned(const CoreFoundation& cf, const void* object) : cf_(cf), object_(object) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (object_ != nullptr) {
      cf_.release(object_);
    }
  }
  const void* get() const { return object_; }

 private:
  const CoreFoundation& cf_;
  const void* object_;
};

// Text of a string, or of bytes that may end in NUL, as older services have it.
std::string text_of(const CoreFoundation& cf, const void* object) {
  if (object == nullptr) {
    return "";
  }
  const unsigned long type = cf.type_of(object);
  if (type == cf.string_type()) {
    std::array<char, 512> text{};
    return cf.string_text(object, text.data(), text.size(), kUtf8) != 0 ? text.data() : "";
  }
  if (type == cf.data_type()) {
    const std::string bytes(reinterpret_cast<const char*>(cf.data_bytes(object)),
                            static_cast<std::size_t>(cf.data_length(object)));
    return bytes.substr(0, bytes.find('\0'));
  }
  return "";
}

class Registry {
 public:
  explicit Registry(const Frameworks& frameworks) : cf_(frameworks.cf), io_(frameworks.io) {}

  std::vector<MacGpu> accelerators() const {
    std::vector<MacGpu> found;
    each([&](std::uint32_t service, std::uint64_t id) {
      MacGpu gpu;
      gpu.registry_id = id;
      gpu.cores = number(service, "gpu-core-count");
      gpu.name = text(service, "model");
      found.push_back(std::move(gpu));
    });
    return found;
  }

  std::vector<MacStatistics> statistics(const std::vector<const char*>& keys) const {
    std::vector<MacStatistics> found;
    each([&](std::uint32_t service, std::uint64_t id) {
      const Owned all(cf_, property(service, "PerformanceStatistics"));
      if (all.get() == nullptr || cf_.type_of(all.get()) != cf_.dictionary_type()) {
        return;
      }
      MacStatistics one;
      one.registry_id = id;
      for (const char* key : keys) {
        const Owned name(cf_, cf_.make_string(nullptr, key, kUtf8));
        if (const auto value = number_of(cf_.dictionary_value(all.get(), name.get()))) {
          one.values[key] = static_cast<double>(*value);
        }
      }
      found.push_back(std::move(one));
    });
    return found;
  }

 private:
  template <class Use>  // of a service and its id
  void each(Use use) const {
    std::uint32_t iterator = 0;
    // The dictionary is released by the call.
    if (io_.services(kMainPort, io_.matching(kAccelerator), &iterator) != 0) {
      return;
    }
    while (const std::uint32_t service = io_.next(iterator)) {
      std::uint64_t id = 0;
      if (io_.registry_id(service, &id) == 0) {
        use(service, id);
      }
      io_.release(service);
    }
    io_.release(iterator);
  }

  std::optional<std::int64_t> number_of(const void* value) const {
    std::int64_t out = 0;
    const bool taken = value != nullptr && cf_.type_of(value) == cf_.number_type() &&
                       cf_.number_value(value, kSigned64, &out) != 0;
    return taken ? std::optional(out) : std::nullopt;
  }

  const void* property(std::uint32_t service, const char* key) const {
    const Owned name(cf_, cf_.make_string(nullptr, key, kUtf8));
    return io_.property(service, name.get(), nullptr, 0);
  }

  unsigned number(std::uint32_t service, const char* key) const {
    const Owned value(cf_, property(service, key));
    const std::int64_t out = number_of(value.get()).value_or(0);
    return out > 0 && out < 100000 ? static_cast<unsigned>(out) : 0;
  }

  std::string text(std::uint32_t service, const char* key) const {
    const Owned value(cf_, property(service, key));
    return text_of(cf_, value.get());
  }

  const CoreFoundation& cf_;
  const IoKit& io_;
};

// Each answer is of a release of macOS that not every Mac has.
MacGpu metal_gpu(const Frameworks& frameworks, const void* device) {
  const Objc& objc = frameworks.objc;
  MacGpu gpu;
  gpu.name = text_of(frameworks.cf, objc.object(device, "name"));
  if (objc.responds(device, "registryID")) {
    gpu.registry_id = objc.number(device, "registryID");
  }
  if (objc.responds(device, "hasUnifiedMemory")) {
    gpu.unified = objc.truth(device, "hasUnifiedMemory");
  }
  if (objc.responds(device, "recommendedMaxWorkingSetSize")) {
    gpu.working_set = objc.number(device, "recommendedMaxWorkingSetSize");
  }
  if (objc.responds(device, "architecture")) {
    const void* architecture = objc.object(device, "architecture");
    const std::string name =
        architecture != nullptr ? text_of(frameworks.cf, objc.object(architecture, "name")) : "";
    const std::string prefix = kArchitecture;
    gpu.architecture = name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
  }
  return gpu;
}

std::vector<MacGpu> metal_gpus(const Frameworks& frameworks) {
  std::vector<MacGpu> found;
  void* pool = frameworks.objc.open_pool();
  {
    const Owned devices(frameworks.cf, frameworks.metal_devices());
    const long count = devices.get() != nullptr ? frameworks.cf.array_count(devices.get()) : 0;
    for (long i = 0; i < count; ++i) {
      found.push_back(metal_gpu(frameworks, frameworks.cf.array_item(devices.get(), i)));
    }
  }
  frameworks.objc.close_pool(pool);
  return found;
}

}  // namespace

std::vector<MacStatistics> mac_statistics(const Frameworks& frameworks,
                                          const std::vector<const char*>& keys) {
  return frameworks.without_iokit.empty() ? Registry(frameworks).statistics(keys)
                                          : std::vector<MacStatistics>();
}

std::vector<MacGpu> mac_gpus(const Frameworks& frameworks) {
  std::vector<MacGpu> services;
  if (frameworks.without_iokit.empty()) {
    services = Registry(frameworks).accelerators();
  }
  if (!frameworks.without_metal.empty()) {
    return services;
  }
  std::vector<MacGpu> gpus = metal_gpus(frameworks);
  for (MacGpu& gpu : gpus) {
    const auto service = std::find_if(services.begin(), services.end(), [&](const MacGpu& other) {
      return other.registry_id == gpu.registry_id;
    });
    if (service != services.end()) {
      gpu.cores = service->cores;
      gpu.name = gpu.name.empty() ? service->name : gpu.name;
    }
  }
  return gpus;
}

}  // namespace xpu::apple
