// SPDX-License-Identifier: Apache-2.0
#include "core/apps/show.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "core/apps/json_array.h"
#include "core/apps/table.h"
#include "core/base/error.h"
#include "core/base/joined.h"

namespace xpu {
namespace {

namespace bj = boost::json;

std::string or_unknown(const std::string& text) {
  return text.empty() ? "unknown" : text;
}

void add_row(std::string* out, const char* label, const std::string& value) {
  char head[20];
  std::snprintf(head, sizeof head, "  %-12s", label);
  *out += cat(head, value, "\n");
}

// Beside its name, a backend's reason need not begin with it.
std::string reason_of(const BackendStatus& backend) {
  const std::string prefix = cat("backend ", backend.found.manifest.name, ": ");
  return backend.reason.starts_with(prefix) ? backend.reason.substr(prefix.size()) : backend.reason;
}

std::string availability(const Device& device) {
  return device.available ? "true" : cat("false (", or_unknown(device.reason), ")");
}

// Reasons of the backends that have no device, so that "nothing found" explains itself.
std::string nothing_found(const std::vector<BackendStatus>& backends) {
  std::string out = "No accelerators found.\n";
  for (const BackendStatus& backend : backends) {
    out += cat("  ", backend.found.manifest.name, ": ", to_string(backend.state),
               backend.reason.empty() ? "" : cat(": ", reason_of(backend)), "\n");
  }
  if (backends.empty()) {
    out += "  No backend is installed; install a package such as libxpu-<vendor>.\n";
  }
  return out;
}

// Also those that this host does not have: what could be switched on.
std::string feature_text(const BackendStatus& backend, const Feature& feature) {
  const std::vector<std::string>& offered = backend.catalog.capabilities;
  const bool here = std::find(offered.begin(), offered.end(), feature.name) != offered.end();
  return cat(feature.name, "  ", feature.variables[0], "=",
             feature.list ? "all or a list" : joined(feature.values, " or "),
             feature.privileged ? "  (privileged containers only)" : "",
             here ? "" : "  (not on this host)");
}

bj::array feature_objects(const BackendStatus& backend) {
  const std::vector<std::string>& offered = backend.catalog.capabilities;
  bj::array out;
  for (const Feature& feature : backend.found.manifest.features) {
    out.push_back(bj::object{
        {"name", feature.name},
        {"variables", strings(feature.variables)},
        {"values", strings(feature.values)},
        {"list", feature.list},
        {"privileged", feature.privileged},
        {"available", std::find(offered.begin(), offered.end(), feature.name) != offered.end()}});
  }
  return out;
}

bj::object properties_object(const Device& device) {
  bj::object out;
  for (const auto& [name, value] : device.properties) {
    out[name] = value;
  }
  return out;
}

const Device* whole_of(const Device& device, const Catalog& catalog) {
  const auto found = std::find_if(
      catalog.devices.begin(), catalog.devices.end(),
      [&](const Device& other) { return !device.parent.empty() && other.id == device.parent; });
  return found == catalog.devices.end() ? nullptr : &*found;
}

std::string health_row(const DeviceHealth& health) {
  return cat(health.state, health.reason.empty() ? "" : cat(" (", health.reason, ")"));
}

bj::object device_object(const Device& device, const DeviceHealth& health) {
  return {{"id", device.id},
          {"vendor", device.vendor},
          {"index", device.index},
          {"uuid", device.uuid},
          {"name", device.name},
          {"kind", to_string(device.kind)},
          {"memory_bytes", device.memory_bytes},
          {"architecture", device.architecture},
          {"driver", device.driver},
          {"pci", device.pci},
          {"numa_node", device.numa_node},
          {"available", device.available},
          {"reason", device.reason},
          {"health", health.state.empty() ? "unknown" : health.state},
          {"health_reason", health.reason},
          {"parent", device.parent},
          {"properties", properties_object(device)}};
}

bj::array device_objects(const std::vector<BackendStatus>& backends,
                         const std::vector<HealthMark>& marks) {
  bj::array devices;
  for (const BackendStatus& backend : backends) {
    for (const Device& device : backend.catalog.devices) {
      devices.push_back(
          device_object(device, health_of(device, whole_of(device, backend.catalog), marks)));
    }
  }
  return devices;
}

// What is not known without loading the library comes from the manifest.
bj::object backend_object(const BackendStatus& backend) {
  const Manifest& manifest = backend.found.manifest;
  return {{"name", manifest.name},
          {"version", backend.catalog.version},
          {"abi", cat(manifest.abi_major, ".", manifest.abi_minor)},
          {"library", manifest.library},
          {"state", to_string(backend.state)},
          {"reason", reason_of(backend)},
          {"devices", backend.catalog.devices.size()},
          {"features", feature_objects(backend)}};
}

// " [acme:0] [compute]"
std::string scope_text(const Scope& scope) {
  std::string out = scope.device.empty() ? "" : cat(" [", scope.device, "]");
  if (!scope.capability.empty()) {
    out += cat(" [", scope.capability, scope.item.empty() ? "" : " ", scope.item, "]");
  }
  return scope.image_lacks.empty() ? out
                                   : cat(out, " [unless the image has ", scope.image_lacks, "]");
}

void add_edits(std::string* out, const EditGroup& group) {
  const std::string scope = scope_text(group.scope);
  for (const Node& node : group.nodes) {
    add_row(out, "Node:", cat(node.host_path, scope));
  }
  for (const File& file : group.files) {
    add_row(out, "File:", cat(file.host_path, scope));
  }
  for (const EnvVar& variable : group.env) {
    add_row(out, "Variable:", cat(variable.name, "=", variable.value, scope));
  }
  for (const Value& value : group.values) {
    add_row(out, "Value:", cat(value.name, " ", value.value, scope));
  }
  for (const Text& text : group.texts) {
    add_row(out, "Generated:", cat(text.path, scope));
  }
  for (const ImageFolder& folder : group.image_folders) {
    add_row(out,
            "Image:", cat("libraries in ", folder.folder, " newer than ", folder.version, scope));
  }
  for (const Note& note : group.notes) {
    add_row(out, "Note:", cat(note.text, scope));
  }
}

// What there is to know of a backend and its devices beyond the tables.
std::string details_text(const BackendStatus& backend) {
  std::string out;
  for (const Feature& feature : backend.found.manifest.features) {
    out += cat(out.empty() ? cat("\nFeatures of ", backend.found.manifest.name, "\n") : "", "  ",
               feature_text(backend, feature), "\n");
  }
  for (const Device& device : backend.catalog.devices) {
    out += device.properties.empty() ? "" : cat("\n", device.id, "  ", device.name, "\n");
    for (const auto& [name, value] : device.properties) {
      out += cat("  ", name, ": ", value, "\n");
    }
  }
  return out;
}

}  // namespace

std::string devices_text(const std::vector<BackendStatus>& backends,
                         const std::vector<HealthMark>& marks) {
  std::string out;
  std::size_t number = 0;
  for (const BackendStatus& backend : backends) {
    for (const Device& device : backend.catalog.devices) {
      out += cat(number == 0 ? "" : "\n", "Device ", number, ":\n");
      ++number;
      add_row(&out, "Id:", device.id);
      add_row(&out, "Type:", device.vendor);
      add_row(&out, "Name:", device.name);
      add_row(&out, "VRAM:", memory_text(device.memory_bytes));
      add_row(&out, "Compute:", or_unknown(device.architecture));
      add_row(&out, "Driver:", or_unknown(device.driver));
      if (!device.pci.empty()) {
        add_row(&out, "PCIe Bus:", device.pci);
      }
      if (!device.parent.empty()) {
        add_row(&out, "Part of:", device.parent);
      }
      add_row(&out, "Available:", availability(device));
      const DeviceHealth health = health_of(device, whole_of(device, backend.catalog), marks);
      if (!health.state.empty()) {
        add_row(&out, "Health:", health_row(health));
      }
    }
  }
  return number == 0 ? nothing_found(backends) : out;
}

std::string devices_json(const std::vector<BackendStatus>& backends,
                         const std::vector<HealthMark>& marks) {
  return bj::serialize(bj::object{{"devices", device_objects(backends, marks)}}) + "\n";
}

std::string backends_text(const std::vector<BackendStatus>& backends) {
  if (backends.empty()) {
    return "No backend is installed; install a package such as libxpu-<vendor>.\n";
  }
  std::string out = "NAME          STATE     DEVICES  VERSION   ABI   REASON\n";
  for (const BackendStatus& backend : backends) {
    const Manifest& manifest = backend.found.manifest;
    char row[128];
    std::snprintf(row, sizeof row, "%-13s %-9s %7zu  %-9s %u.%-3u ", manifest.name.c_str(),
                  to_string(backend.state), backend.catalog.devices.size(),
                  backend.catalog.version.empty() ? "-" : backend.catalog.version.c_str(),
                  manifest.abi_major, manifest.abi_minor);
    out += cat(row, " ", backend.reason.empty() ? "-" : reason_of(backend), "\n");
  }
  return out;
}

std::string backends_json(const std::vector<BackendStatus>& backends) {
  bj::array list;
  for (const BackendStatus& backend : backends) {
    list.push_back(backend_object(backend));
  }
  return bj::serialize(bj::object{{"backends", std::move(list)}}) + "\n";
}

std::string backend_text(const BackendStatus& backend) {
  const Manifest& manifest = backend.found.manifest;
  std::string out = cat(manifest.name, "\n");
  add_row(
      &out, "State:",
      cat(to_string(backend.state), backend.reason.empty() ? "" : cat(": ", reason_of(backend))));
  add_row(&out, "Version:", or_unknown(backend.catalog.version));
  add_row(&out, "ABI:", cat(manifest.abi_major, ".", manifest.abi_minor));
  add_row(&out, "Manifest:", manifest.file);
  add_row(&out, "Library:", manifest.library);
  add_row(&out, "Variables:", joined(manifest.device_variables));
  add_row(&out, "Defaults:", joined(manifest.default_capabilities));
  add_row(&out, "Offers:", joined(backend.catalog.capabilities));
  for (const Feature& feature : manifest.features) {
    add_row(&out, "Feature:", feature_text(backend, feature));
  }
  for (const auto& [name, value] : manifest.options) {
    add_row(&out, "Option:", cat(name, " = \"", value, "\""));
  }
  for (const Device& device : backend.catalog.devices) {
    add_row(&out, "Device:", cat(device.id, "  ", device.name, "  ", device.uuid));
  }
  for (const EditGroup& group : backend.catalog.edits) {
    add_edits(&out, group);
  }
  return out;
}

std::string backend_json(const BackendStatus& backend) {
  const Manifest& manifest = backend.found.manifest;
  bj::object object = backend_object(backend);
  object["manifest"] = manifest.file;
  object["device_variables"] = strings(manifest.device_variables);
  object["capability_variables"] = strings(manifest.capability_variables);
  object["default_capabilities"] = strings(manifest.default_capabilities);
  object["capabilities"] = strings(backend.catalog.capabilities);
  bj::object options;
  for (const auto& [name, value] : manifest.options) {
    options[name] = value;
  }
  object["options"] = std::move(options);
  object["catalog"] = bj::parse(to_json(backend.catalog));
  return bj::serialize(object) + "\n";
}

std::string info_text(const Info& info) {
  std::string out = cat("XPU Container Runtime ", XPU_VERSION, "\n");
  add_row(&out, "Prefix:", installation().prefix);
  add_row(&out, "Config:",
          info.config->file.empty() ? cat(info.config_file, " (not there: built-in defaults)")
                                    : info.config->file);
  add_row(&out, "Mode:",
          info.mode.empty() || info.mode == info.config->mode
              ? info.config->mode
              : cat(info.config->mode, " (", info.mode, " on this host)"));
  add_row(&out, "Runtime:", info.low_level_runtime);
  add_row(&out, "State:", info.config->state_dir);
  add_row(&out, "Backends:", joined(info.config->backend_dirs));
  out += cat("\n", backends_text(info.backends));
  for (const BackendStatus& backend : info.backends) {
    out += details_text(backend);
  }
  return out;
}

std::string info_json(const Info& info) {
  bj::array list;
  for (const BackendStatus& backend : info.backends) {
    list.push_back(backend_object(backend));
  }
  return bj::serialize(bj::object{
             {"version", XPU_VERSION},
             {"prefix", installation().prefix},
             {"config", info.config->file},
             {"mode", info.config->mode},
             {"mode_in_force", info.mode},
             {"low_level_runtime", info.low_level_runtime},
             {"state_directory", info.config->state_dir},
             {"backend_directories", strings(info.config->backend_dirs)},
             {"backends", std::move(list)},
             {"devices", device_objects(info.backends, health_marks(info.config->state_dir))}}) +
         "\n";
}

}  // namespace xpu
