// SPDX-License-Identifier: Apache-2.0
#include "core/select/select.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "core/base/error.h"
#include "core/select/grants.h"
#include "core/select/match.h"

namespace xpu {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

struct Match {
  const BackendStatus* backend;
  const Device* device;
};

class Choice {
 public:
  Choice(const Request& request, const std::vector<BackendStatus>& backends, const Config& config)
      : request_(request), backends_(backends), config_(config) {}

  Selection run() {
    for (const Selector& selector : request_.selectors) {
      check_prefix(selector);
      if (selector.name == "all") {
        choose_all(selector);
      } else if (selector.name == "none") {
        choose_drivers(selector);
      } else {
        choose_device(selector);
      }
    }
    for (const BackendStatus& backend : backends_) {
      if (const auto chosen = chosen_.find(&backend); chosen != chosen_.end()) {
        selection_.backends.push_back(in_order(backend, chosen->second));
      }
    }
    return std::move(selection_);
  }

 private:
  static const std::string& name_of(const BackendStatus& backend) {
    return backend.found.manifest.name;
  }
  // None for a backend that is not ready.
  static std::span<const Device> devices_of(const BackendStatus& backend) {
    return backend.state == BackendState::kReady ? std::span(backend.catalog.devices)
                                                 : std::span<const Device>();
  }
  static bool has_device_of(const BackendStatus& backend, std::string_view vendor) {
    const auto devices = devices_of(backend);
    return std::any_of(devices.begin(), devices.end(),
                       [&](const Device& device) { return device.vendor == vendor; });
  }
  // Also when it cannot say which devices it has.
  static bool knows_vendor(const BackendStatus& backend, const std::string& vendor) {
    const std::vector<VariableVendors>& known = backend.found.manifest.variable_vendors;
    return has_device_of(backend, vendor) ||
           (backend.state != BackendState::kReady &&
            std::any_of(known.begin(), known.end(), [&](const VariableVendors& entry) {
              return contains(entry.vendors, vendor);
            }));
  }
  // The prefix of the selector, if any, names this device's backend or vendor, and the variable is
  // about that vendor.
  static bool in_prefix(const Selector& selector, const BackendStatus& backend,
                        const Device& device) {
    return (selector.backend.empty() || selector.backend == name_of(backend) ||
            selector.backend == device.vendor) &&
           (selector.vendors.empty() || contains(selector.vendors, device.vendor));
  }
  static bool is_open(const Selector& selector) {
    return selector.claimed_by.empty() && selector.backend.empty();
  }
  static std::string quoted(const Selector& selector) {
    return cat(selector.variable, ": '", selector.text, "'");
  }

  // One that is refused may be off as well.
  static bool is_off(const BackendStatus& backend) {
    return backend.state == BackendState::kDisabled || !backend.found.enabled;
  }

  // Backends that the selector is about, in whatever state.
  std::vector<const BackendStatus*> concerned(const Selector& selector) const {
    // Simulated devices never come along with real ones, nor in their place; they have to be named.
    const bool leave_out_simulated =
        is_open(selector) &&
        std::any_of(backends_.begin(), backends_.end(), [](const BackendStatus& backend) {
          return !backend.found.manifest.simulated && !is_off(backend) &&
                 backend.state != BackendState::kAbsent;
        });
    std::vector<const BackendStatus*> out;
    for (const BackendStatus& backend : backends_) {
      const bool claimed =
          selector.claimed_by.empty() || contains(selector.claimed_by, name_of(backend));
      const bool prefixed = selector.backend.empty() || selector.backend == name_of(backend) ||
                            knows_vendor(backend, selector.backend);
      const bool left_out = (leave_out_simulated && backend.found.manifest.simulated) ||
                            (is_off(backend) && selector.backend != name_of(backend));
      if (claimed && prefixed && !left_out) {
        out.push_back(&backend);
      }
    }
    return out;
  }

  static std::string problem_of(const BackendStatus& backend) {
    const std::string intro = cat("the backend ", name_of(backend));
    switch (backend.state) {
      case BackendState::kReady:
        return "";
      case BackendState::kAbsent:
        return cat(intro, " found no device: ", backend.reason);
      case BackendState::kRefused:
        return cat(intro, " was refused: ", backend.reason);
      case BackendState::kFailed:
        return cat(intro, " failed: ", backend.reason);
      case BackendState::kDisabled:
        break;
    }
    return cat(intro, " is not enabled; set enabled = true in [backends.", name_of(backend), "]");
  }

  // The ready backends among those that the selector is about. One that could not describe the host
  // may have devices that were asked for.
  std::vector<const BackendStatus*> ready(const Selector& selector) {
    std::vector<const BackendStatus*> out;
    for (const BackendStatus* backend : concerned(selector)) {
      if (backend->state == BackendState::kReady) {
        out.push_back(backend);
      } else if (backend->state != BackendState::kAbsent) {
        if (!is_open(selector) || !may_lack()) {
          fail(quoted(selector), ": ", problem_of(*backend));
        }
        warn(cat(quoted(selector), ": ", problem_of(*backend)));
      }
    }
    return out;
  }

  void check_prefix(const Selector& selector) const {
    if (selector.backend.empty() || !concerned(selector).empty()) {
      return;
    }
    std::vector<std::string> ids;
    for (const BackendStatus& backend : backends_) {
      for (const Device& device : devices_of(backend)) {
        ids.push_back(device.id);
      }
    }
    fail(quoted(selector), ": there is no backend and no vendor '", selector.backend,
         "' on this host", ids.empty() ? "" : cat("; there are ", listed(ids)));
  }

  bool may_lack() const { return config_.on_unavailable == "warn"; }

  void warn(const std::string& text) {
    if (!contains(selection_.warnings, text)) {
      selection_.warnings.push_back(text);
    }
  }

  // Nothing was found for `all` or `none`.
  void nothing(const Selector& selector, const std::string& what) {
    std::string text = cat(quoted(selector), ": this host has no ", what);
    for (const BackendStatus* backend : concerned(selector)) {
      if (backend->state == BackendState::kAbsent) {
        text += cat("; ", problem_of(*backend));
      }
    }
    if (!may_lack()) {
      fail(text, "; on-unavailable = \"warn\" in ",
           config_.file.empty() ? config_path() : config_.file,
           " lets such containers start without one");
    }
    warn(text);
  }

  void choose_all(const Selector& selector) {
    bool found = false;
    for (const BackendStatus* backend : ready(selector)) {
      for (const Device& device : backend->catalog.devices) {
        if (!device.in_all || !in_prefix(selector, *backend, device)) {
          continue;
        }
        if (!device.available) {
          warn(cat(quoted(selector), ": left out ", device.id,
                   ", which is not available: ", device.reason));
          continue;
        }
        chosen_[backend].insert(&device);
        found = true;
      }
    }
    if (!found) {
      nothing(selector, selector.vendors.empty()
                            ? "device to give"
                            : cat("device of ", listed(selector.vendors), " to give"));
    }
  }

  void choose_drivers(const Selector& selector) {
    const std::vector<const BackendStatus*> backends = ready(selector);
    for (const BackendStatus* backend : backends) {
      chosen_[backend];
    }
    if (backends.empty()) {
      nothing(selector, "driver to give");
    }
  }

  void choose_device(const Selector& selector) {
    const std::vector<const BackendStatus*> backends = concerned(selector);
    const std::string vendor = vendor_of_index(selector, backends);
    if (vendor.empty()) {
      check_bare_index(selector, backends);
    }
    std::vector<Match> matches;
    for (const BackendStatus* backend : backends) {
      for (const Device& device : devices_of(*backend)) {
        if (in_prefix(selector, *backend, device) && answers_to(device, selector.name) &&
            (vendor.empty() || device.vendor == vendor)) {
          matches.push_back({backend, &device});
        }
      }
    }
    prefer_whole_devices(matches);
    if (matches.empty()) {
      unknown(selector, backends, is_open(selector) ? vendor : "");
    }
    if (matches.size() > 1) {
      std::vector<std::string> ids;
      for (const Match& match : matches) {
        ids.push_back(match.device->id);
      }
      fail(quoted(selector), " may be any of ", listed(ids), "; name one of these");
    }
    const Match& match = matches[0];
    if (vendor.empty() && selector.backend.empty() && is_index(selector.name)) {
      check_broken(selector, match, backends);
    }
    if (!match.device->available) {
      fail(quoted(selector), ": the device ", match.device->id,
           " is not available: ", match.device->reason);
    }
    chosen_[match.backend].insert(match.device);
  }

  // The vendor that a bare index is about where the variable or the configuration says so: the
  // first of them that has a device; "" otherwise.
  std::string vendor_of_index(const Selector& selector,
                              const std::vector<const BackendStatus*>& backends) const {
    if (!selector.backend.empty() || !is_index(selector.name)) {
      return "";
    }
    const bool prefers = is_open(selector) && config_.preferred_vendor != "any";
    for (const std::string& vendor :
         prefers ? std::vector<std::string>{config_.preferred_vendor} : selector.vendors) {
      if (std::any_of(backends.begin(), backends.end(), [&](const BackendStatus* backend) {
            return has_device_of(*backend, vendor);
          })) {
        return vendor;
      }
    }
    return "";
  }

  // The number alone says nothing where two vendors count their devices from 0.
  static void check_bare_index(const Selector& selector,
                               const std::vector<const BackendStatus*>& backends) {
    if (!is_open(selector) || !is_index(selector.name)) {
      return;
    }
    std::set<std::string> vendors;
    std::vector<std::string> meant, all;
    for (const BackendStatus* backend : backends) {
      for (const Device& device : devices_of(*backend)) {
        vendors.insert(device.vendor);
        all.push_back(device.id);
        if (answers_to(device, selector.name)) {
          meant.push_back(device.id);
        }
      }
    }
    if (vendors.size() > 1) {
      fail(quoted(selector), " is a bare index, and this host has devices of ",
           listed({vendors.begin(), vendors.end()}),
           meant.empty() ? "; none has that index; there are " : "; write the vendor too: ",
           listed(meant.empty() ? all : meant));
    }
  }

  // A backend that could not describe the host may have a device of that number too.
  static void check_broken(const Selector& selector, const Match& match,
                           const std::vector<const BackendStatus*>& backends) {
    for (const BackendStatus* backend : backends) {
      if (backend->state != BackendState::kReady && backend->state != BackendState::kAbsent) {
        fail(quoted(selector), " is a bare index; write ", match.device->id,
             " if that is meant, because ", problem_of(*backend));
      }
    }
  }

  // A PCI address is that of a device and of its partitions: the device is meant.
  static void prefer_whole_devices(std::vector<Match>& matches) {
    const auto is_part = [](const Match& match) { return !match.device->parent.empty(); };
    if (!std::all_of(matches.begin(), matches.end(), is_part)) {
      std::erase_if(matches, is_part);
    }
  }

  // `preferred`: vendor that a bare index is about by configuration.
  [[noreturn]] void unknown(const Selector& selector,
                            const std::vector<const BackendStatus*>& backends,
                            const std::string& preferred) const {
    std::vector<std::string> ids;
    std::string problems;
    for (const BackendStatus* backend : backends) {
      const bool may_have_it = backend->state != BackendState::kReady &&
                               (backend->state != BackendState::kAbsent || !is_open(selector));
      problems += may_have_it ? cat("; ", problem_of(*backend)) : "";
      for (const Device& device : devices_of(*backend)) {
        if (selector.vendors.empty() || contains(selector.vendors, device.vendor)) {
          ids.push_back(device.id);
        }
      }
    }
    fail(quoted(selector), " is not a device of this host",
         ids.empty() ? "" : cat("; there are ", listed(ids)),
         preferred.empty() ? "" : cat("; preferred-vendor makes a bare index one of ", preferred),
         problems);
  }

  SelectedBackend in_order(const BackendStatus& backend,
                           const std::set<const Device*>& devices) const {
    SelectedBackend out;
    out.backend = name_of(backend);
    for (const Device& device : backend.catalog.devices) {
      if (devices.contains(&device)) {
        out.devices.push_back(device.id);
      }
    }
    out.capabilities = choose_capabilities(request_, backend);
    if (!devices.empty()) {
      out.features = choose_features(request_, backend, config_);
      check_requirements(request_, backend, {devices.begin(), devices.end()}, config_);
    }
    return out;
  }

  const Request& request_;
  const std::vector<BackendStatus>& backends_;
  const Config& config_;
  std::map<const BackendStatus*, std::set<const Device*>> chosen_;
  Selection selection_;
};

}  // namespace

std::vector<std::string> backends_needed(const Request& request) {
  return request.claimed_by;
}

Selection select(const Request& request, const std::vector<BackendStatus>& backends,
                 const Config& config) {
  return Choice(request, backends, config).run();
}

}  // namespace xpu
