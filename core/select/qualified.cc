// SPDX-License-Identifier: Apache-2.0
#include "core/select/qualified.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/cdi/files.h"
#include "core/cdi/name.h"
#include "core/log/log.h"
#include "core/select/cdi_backend.h"
#include "core/select/hardware.h"
#include "core/select/match.h"

namespace xpu {
namespace {

bool has_vendor(const Manifest& manifest, std::string_view vendor) {
  return manifest.name == vendor ||
         std::any_of(manifest.variable_vendors.begin(), manifest.variable_vendors.end(),
                     [&](const VariableVendors& one) { return contains(one.vendors, vendor); }) ||
         std::any_of(manifest.cdi_kinds.begin(), manifest.cdi_kinds.end(),
                     [&](const CdiKind& one) { return one.vendor == vendor; });
}

// The vendor in a name of the runtime's own.
std::optional<std::string> own_vendor(std::string_view kind) {
  return kind.starts_with(cdi::kOwnKinds)
             ? std::optional(std::string(kind.substr(cdi::kOwnKinds.size())))
             : std::nullopt;
}

// As far as the manifest tells.
std::optional<CdiKind> own_kind(const Manifest& manifest, std::string_view kind) {
  if (const auto vendor = own_vendor(kind)) {
    return has_vendor(manifest, *vendor) ? std::optional(CdiKind{std::string(kind), *vendor, {}})
                                         : std::nullopt;
  }
  const auto known = std::find_if(manifest.cdi_kinds.begin(), manifest.cdi_kinds.end(),
                                  [&](const CdiKind& one) { return one.kind == kind; });
  return known == manifest.cdi_kinds.end() ? std::nullopt : std::optional(*known);
}

// Backends can have devices of vendors that no manifest names.
std::optional<CdiKind> own_kind(const BackendStatus& backend, std::string_view kind) {
  std::optional<CdiKind> out = own_kind(backend.found.manifest, kind);
  const std::optional<std::string> vendor = own_vendor(kind);
  if (!out && vendor && backend.state == BackendState::kReady &&
      std::any_of(backend.catalog.devices.begin(), backend.catalog.devices.end(),
                  [&](const Device& device) { return device.vendor == *vendor; })) {
    out = CdiKind{std::string(kind), *vendor, {}};
  }
  return out;
}

bool only_files(const Config& config) {
  return config.mode == "cdi";
}

// The name that the selector says; with a kind of its own or the configured one.
std::optional<cdi::Name> name_of(const Selector& selector, const Config& config) {
  if (selector.qualified) {
    return cdi::parse_name(selector.name);
  }
  if (!only_files(config) || !selector.backend.empty() || selector.name == "none") {
    return std::nullopt;
  }
  if (config.cdi_default_kind.empty()) {
    fail(selector.variable, ": '", selector.text,
         "' has no kind, and mode = \"cdi\" knows devices ", "by names such as vendor.com/class=",
         cdi::is_device_name(selector.text) ? selector.text : "name",
         "; set default-kind in [cdi]");
  }
  if (!cdi::is_device_name(selector.name)) {
    fail(selector.variable, ": '", selector.text, "' is no name of a CDI device");
  }
  return cdi::Name{config.cdi_default_kind, selector.name};
}

class Resolver {
 public:
  Resolver(std::vector<BackendStatus>& backends, const Config& config)
      : backends_(backends), config_(config) {}

  void resolve(Selector& selector) {
    const std::optional<cdi::Name> name = name_of(selector, config_);
    if (!name) {
      return;
    }
    selector.claimed_by.clear();
    selector.vendors.clear();
    const std::size_t own = only_files(config_) ? backends_.size() : owner(*name);
    const cdi::File* file = nullptr;
    if (own == backends_.size() || !has(backends_[own], *name)) {
      // The runtime's own names are of backends alone: a file could get around what policy says of
      // their devices.
      file = own == backends_.size()  ? &files().find(*name)
             : own_vendor(name->kind) ? nullptr
                                      : files().find_if_there(*name);
    }
    if (file == nullptr) {
      take_own(selector, *name, backends_[own]);
      return;
    }
    named_in(*file).push_back({name->device, ++turn_});
    selector.qualified = true;
    selector.backend = cat(kCdiFile, file->path);
    selector.name = cdi::qualified(name->kind, name->device);
    log::debug(cat("the CDI device ", selector.name, " is defined in ", file->path));
  }

  void add_files() {
    for (const auto& [file, devices] : devices_) {
      const cdi::Spec spec = files().read(*file);
      for (const NamedInFile& named : devices) {
        check(spec, named.device, *file);
      }
      if (!config_.cdi_allow_untrusted) {
        cdi::check_hooks(spec.edits, file->path);
      }
      BackendStatus backend = cdi_backend(spec, file->path, devices);
      for (Device& device : backend.catalog.devices) {
        device.kind_vendors = vendors_of(spec.kind);
        device.same_as = devices_behind(nodes_of(backend.catalog, device), backends_);
      }
      backends_.push_back(std::move(backend));
    }
  }

 private:
  // The first backend that knows the kind, best one that is there; backends_.size() for none.
  std::size_t owner(const cdi::Name& name) const {
    std::size_t out = backends_.size();
    for (std::size_t i = 0; i < backends_.size(); ++i) {
      const bool usable = backends_[i].state != BackendState::kDisabled &&
                          backends_[i].found.enabled && own_kind(backends_[i], name.kind);
      const bool better =
          out == backends_.size() || (backends_[out].state != BackendState::kReady &&
                                      backends_[i].state == BackendState::kReady);
      out = usable && better ? i : out;
    }
    return out;
  }

  // Also a backend that cannot say what it has: what it lacks is then its own error.
  static bool has(const BackendStatus& backend, const cdi::Name& name) {
    if (backend.state != BackendState::kReady) {
      return false;
    }
    const CdiKind kind = *own_kind(backend, name.kind);
    return std::any_of(
        backend.catalog.devices.begin(), backend.catalog.devices.end(), [&](const Device& device) {
          return kind.has(device) && (name.device == "all" || answers_to(device, name.device));
        });
  }

  // Whose the device can be where a backend, in whatever state, knows the kind.
  std::vector<std::string> vendors_of(const std::string& kind) const {
    std::vector<std::string> out;
    const auto add = [&](const std::string& vendor) {
      if (!contains(out, vendor)) {
        out.push_back(vendor);
      }
    };
    for (const BackendStatus& backend : backends_) {
      const std::optional<CdiKind> own = own_kind(backend, kind);
      if (!own) {
        continue;
      }
      if (!own->vendor.empty()) {
        add(own->vendor);
        continue;
      }
      const std::size_t before = out.size();
      for (const Device& device : backend.catalog.devices) {
        if (own->has(device)) {
          add(device.vendor);
        }
      }
      if (out.size() == before) {  // it cannot say now; most are called like their vendor
        add(backend.found.manifest.name);
      }
    }
    return out;
  }

  // Its own and those of all devices of the file.
  static std::vector<Node> nodes_of(const Catalog& catalog, const Device& device) {
    std::vector<Node> out;
    for (const EditGroup& group : catalog.edits) {
      if (group.scope.device.empty() || group.scope.device == device.id) {
        out.insert(out.end(), group.nodes.begin(), group.nodes.end());
      }
    }
    return out;
  }

  static void take_own(Selector& selector, const cdi::Name& name, const BackendStatus& backend) {
    const CdiKind kind = *own_kind(backend, name.kind);
    selector.qualified = false;
    selector.backend = backend.found.manifest.name;
    selector.name = name.device;
    if (!kind.vendor.empty()) {
      selector.vendors = {kind.vendor};
    }
    selector.kinds = kind.devices;
  }

  void check(const cdi::Spec& spec, const std::string& name, const cdi::File& file) const {
    const auto device = std::find_if(spec.devices.begin(), spec.devices.end(),
                                     [&](const cdi::Device& one) { return one.name == name; });
    if (device == spec.devices.end() || spec.kind != file.kind) {
      fail(file.path, ": the file changed, and defines ", cdi::qualified(file.kind, name),
           " no longer; try again");
    }
    if (!config_.cdi_allow_untrusted) {
      cdi::check_hooks(device->edits, file.path);
    }
  }

  std::vector<NamedInFile>& named_in(const cdi::File& file) {
    const auto known = std::find_if(devices_.begin(), devices_.end(),
                                    [&](const auto& entry) { return entry.first == &file; });
    return known != devices_.end()
               ? known->second
               : devices_.emplace_back(&file, std::vector<NamedInFile>()).second;
  }

  const cdi::Files& files() {
    if (files_ == nullptr) {
      files_ = std::make_unique<const cdi::Files>(
          cdi::Where{config_.cdi_spec_dirs, config_.cdi_allow_untrusted}, config_.state_dir);
    }
    return *files_;
  }

  std::vector<BackendStatus>& backends_;
  const Config& config_;
  std::unique_ptr<const cdi::Files> files_;
  // In the order of the request.
  std::vector<std::pair<const cdi::File*, std::vector<NamedInFile>>> devices_;
  unsigned turn_ = 0;
};

}  // namespace

std::optional<std::vector<std::string>> backends_needed(const Request& request,
                                                        const std::vector<FoundBackend>& found,
                                                        const Config& config) {
  const bool by_name = std::any_of(request.selectors.begin(), request.selectors.end(),
                                   [](const Selector& one) { return one.qualified; });
  if (!by_name && !only_files(config)) {
    return request.claimed_by;
  }
  std::vector<std::string> out;
  const auto need = [&](const std::string& name) {
    if (!contains(out, name)) {
      out.push_back(name);
    }
  };
  for (const Selector& selector : request.selectors) {
    const std::optional<cdi::Name> name = name_of(selector, config);
    if (!name && selector.claimed_by.empty()) {
      return std::vector<std::string>();
    }
    for (const std::string& claimed : name ? std::vector<std::string>() : selector.claimed_by) {
      need(claimed);
    }
    bool known = false;
    for (const FoundBackend& backend : found) {
      // Where only files are asked, policy and leases still are about the backend's devices.
      if (name && own_kind(backend.manifest, name->kind)) {
        need(backend.manifest.name);
        known = true;
      }
    }
    if (name && !only_files(config) && !known && own_vendor(name->kind)) {
      return std::vector<std::string>();
    }
  }
  if (request.wish) {
    return request.claimed_by;
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

void resolve_names(Request& request, std::vector<BackendStatus>& backends, const Config& config) {
  Resolver resolver(backends, config);
  for (Selector& selector : request.selectors) {
    resolver.resolve(selector);
  }
  resolver.add_files();
}

}  // namespace xpu
