// SPDX-License-Identifier: Apache-2.0
// Hailo neural accelerators, as their kernel driver shows them:
//   /sys/class/hailo_chardev/hailo0/board_location   PCI address; "[integrated]" on a Hailo SoC
//   /sys/class/hailo_chardev/hailo0/device_id        "1e60:2864", PCI vendor and device
//   /sys/class/hailo_chardev/hailo0/dev              number of the node /dev/hailo0
//   /sys/module/hailo_pci/version                    of the driver
// HailoRT, the user library, works only with a driver of the very same version. Images bring it; a
// host's own can be injected in its place.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <xpu/helpers/fs.h>
#include <xpu/helpers/nodes.h>
#include <xpu/helpers/path.h>
#include <xpu/helpers/pci.h>
#include <xpu/helpers/user_libraries.h>
#include <xpu/backend.hpp>

namespace {

namespace sdk = xpu::sdk;

constexpr const char* kClass = "/sys/class/hailo_chardev";
constexpr const char* kCompute = "compute";

struct Options {
  explicit Options(const sdk::Sink& sink)
      : sys(sdk::path_option(sink, "sys-root")),
        dev(sdk::path_option(sink, "dev-root")),
        driver(sdk::path_option(sink, "driver-root")),
        inject(sdk::inject_option(sink)) {}

  sdk::Root sys, dev, driver;
  sdk::InjectDrivers inject;
};

struct Chip {
  const char* id;
  const char* name;
  const char* architecture;
};

// By device_id. The Hailo-8L is a Hailo-8 to PCI.
constexpr Chip kChips[] = {
    {"1e60:2864", "Hailo-8", "hailo8"},
    {"1e60:45c4", "Hailo-10H", "hailo10h"},
    {"1e60:43a2", "Hailo-15L", "hailo15l"},
    {"1e60:26a2", "Hailo Mars", "mars"},
};

// "hailo12" → 12; nullopt for a name that is none of the driver's.
std::optional<std::int64_t> number_of(const std::string& name) {
  const std::string digits = name.substr(std::min<std::size_t>(name.size(), 5));
  const bool plain = !digits.empty() && digits.size() <= 4 &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  return sdk::starts_with(name, "hailo") && plain ? sdk::parse_number(digits) : std::nullopt;
}

std::string driver_version(const sdk::Root& sys) {
  for (const char* module : {"hailo_pci", "hailo1x_pci", "hailo_integrated_nnc"}) {
    const std::string version = sys.read_line(sdk::join("/sys/module", module) + "/version");
    if (!version.empty()) {
      return version;
    }
  }
  return "";
}

sdk::Device device_of(const Options& options, const std::string& name, std::int64_t number,
                      const std::string& driver) {
  const std::string folder = sdk::join(kClass, name);
  sdk::Device device;
  device.vendor = "hailo";
  device.index = std::to_string(number);
  device.kind = sdk::Kind::kNpu;
  device.driver = driver;
  device.name = "Hailo accelerator";
  const std::string id = options.sys.read_line(folder + "/device_id");
  for (const Chip& chip : kChips) {
    if (id == chip.id) {
      device.name = chip.name;
      device.architecture = chip.architecture;
    }
  }
  if (const auto address =
          sdk::normal_pci_address(options.sys.read_line(folder + "/board_location"))) {
    device.pci = *address;
    if (const auto pci = sdk::pci_device(options.sys, *address)) {
      device.numa_node = pci->numa_node;
    }
  }
  device.reason =
      sdk::node_problem(options.dev, "/dev/" + name,
                        sdk::parse_device_number(options.sys.read_line(folder + "/dev")));
  device.available = device.reason.empty();
  return device;
}

// The host's own HailoRT, where configuration asks for it.
void emit_library(sdk::Sink& sink, const Options& options, const std::string& driver) {
  const std::vector<std::string> folders = {"/usr/lib", "/usr/local/lib", "/usr/lib64",
                                            "/usr/lib/x86_64-linux-gnu",
                                            "/usr/lib/aarch64-linux-gnu"};
  if (options.inject == sdk::InjectDrivers::kNever) {
    return;
  }
  for (const std::string& folder : folders) {
    sdk::watch_path(sink, options.driver.host_path(folder));
  }
  std::vector<sdk::UserLibrary> libraries = sdk::user_libraries(options.driver, folders);
  libraries.erase(std::remove_if(libraries.begin(), libraries.end(),
                                 [](const sdk::UserLibrary& library) {
                                   return !sdk::starts_with(library.soname, "libhailort.so.");
                                 }),
                  libraries.end());
  for (const sdk::UserLibrary& library : libraries) {
    if (!driver.empty() && library.soname != "libhailort.so." + driver) {
      sink.log(sdk::Severity::kWarn, library.path + " is not of the driver's version " + driver);
    }
  }
  sdk::emit_user_libraries(sink, sdk::with_capability(kCompute), options.inject, options.driver,
                           libraries, "libhailort.so.*");
}

class Hailo : public sdk::Backend {
 public:
  void describe(sdk::Sink& sink) override {
    const Options options(sink);
    const std::string driver = driver_version(options.sys);
    sink.valid_while_listing(options.sys.host_path(kClass));
    sink.valid_while_listing(options.dev.host_path("/dev"));
    // A driver that was updated is loaded anew, which empties the class for a moment. Its version
    // is watched nevertheless, for a host that was asleep then.
    sink.valid_while_content(options.sys.host_path("/sys/module/hailo_pci/version"));

    std::vector<std::pair<std::int64_t, std::string>> names;
    for (const std::string& name : options.sys.list(kClass)) {
      if (const auto number = number_of(name)) {
        names.emplace_back(*number, name);
      }
    }
    if (names.empty()) {
      throw sdk::Absent(options.sys.is_folder(kClass)
                            ? "the Hailo driver is loaded, but has found no device"
                            : "no Hailo driver is loaded: " + options.sys.host_path(kClass) +
                                  " does not exist");
    }
    std::sort(names.begin(), names.end());

    sink.capability(kCompute);
    if (!driver.empty()) {
      sink.property("driver", driver);
    }
    bool any = false;
    for (const auto& [number, name] : names) {
      const sdk::Device device = device_of(options, name, number, driver);
      sink.device(device);
      if (!device.pci.empty()) {
        sink.alias(device, device.pci);
      }
      if (device.available) {
        any = true;
        sdk::emit_node(sink, with(device), options.dev, "/dev/" + name);
        sink.value(with(device), sdk::Combine::kList, "locations",
                   device.pci.empty() ? "[integrated]" : device.pci);
      }
    }
    // The library looks in sysfs, which shows every device of the host; this names the selected
    // ones.
    if (any) {
      sink.expanded_env(sdk::always(), "HAILO_DEVICE_LOCATIONS", "${locations}");
    }
    if (names.size() > 1) {
      sink.note(sdk::with_capability(kCompute), sdk::Severity::kInfo,
                "HailoRT lists all devices of the host and can open the selected ones only; pass "
                "one of HAILO_DEVICE_LOCATIONS as its device id");
    }
    emit_library(sink, options, driver);
  }
};

}  // namespace

XPU_BACKEND(Hailo, "hailo", "1.0")
