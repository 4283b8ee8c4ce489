// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/load_file.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/oci/text.h"

namespace xpu {
namespace {

struct Measured {
  std::optional<double> total, used, busiest;
};

const Device* device_of(const Catalog& catalog, const std::string& name) {
  const auto found =
      std::find_if(catalog.devices.begin(), catalog.devices.end(), [&](const Device& device) {
        return device.id == name || device.uuid == name || device.pci == name;
      });
  return found == catalog.devices.end() ? nullptr : &*found;
}

}  // namespace

std::string load_text(const watch::Sample& sample, const Catalog& catalog, std::string_view boot) {
  std::map<std::string, Measured> all;
  for (const watch::Value& value : sample.values) {
    const Device* device = device_of(catalog, value.device);
    if (device == nullptr) {
      continue;
    }
    if (value.key == "memory-total") {
      all[device->id].total = value.value;
    } else if (value.key == "memory-used") {
      all[device->id].used = value.value;
    } else if (value.key == "utilisation" && value.label != "memory") {
      std::optional<double>& busiest = all[device->id].busiest;
      busiest = std::max(busiest.value_or(0), value.value);
    }
  }
  std::string devices;
  for (const auto& [id, measured] : all) {
    std::string members;
    if (measured.total && measured.used) {
      members += cat(",\"memory_free\":",
                     static_cast<std::uint64_t>(std::max(*measured.total - *measured.used, 0.0)));
    }
    if (measured.busiest) {
      members +=
          cat(",\"utilisation\":",
              static_cast<unsigned>(std::lround(std::clamp(*measured.busiest, 0.0, 1.0) * 100)));
    }
    if (!members.empty()) {
      devices += cat(devices.empty() ? "" : ",", "{\"id\":", json::quote(id),
                     ",\"time\":", sample.boot_seconds, members, "}");
    }
  }
  return cat("{\"version\":1,\"boot\":", json::quote(boot), ",\"devices\":[", devices, "]}\n");
}

void write_load(const std::string& state_dir, const std::string& backend, const std::string& text) {
  const std::string folder = cat(state_dir, "/load");
  const Fd fd = open_state_dir(folder);
  write_file_atomic(fd.get(), folder, cat(backend, ".json"), text, {.mode = 0600});
}

}  // namespace xpu
