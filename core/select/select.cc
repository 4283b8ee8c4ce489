// SPDX-License-Identifier: Apache-2.0
#include "core/select/select.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <unordered_set>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/select/candidates.h"
#include "core/select/cdi_backend.h"
#include "core/select/grants.h"
#include "core/select/hardware.h"
#include "core/select/match.h"

namespace xpu {
namespace {

struct Match {
  const BackendStatus* backend;
  const Device* device;
};

class Choice {
 public:
  Choice(const Request& request, const std::vector<BackendStatus>& backends, const Config& config,
         const Situation& situation)
      : request_(request),
        backends_(backends),
        config_(config),
        situation_(situation),
        judge_(request, backends, config, situation) {}

  Selection run() {
    if (request_.wish) {
      choose_wish();
    }
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
    check_count();
    warn_of_doubts();
    for (const BackendStatus& backend : backends_) {
      if (const auto chosen = chosen_.find(&backend); chosen != chosen_.end()) {
        selection_.backends.push_back(in_order(backend, chosen->second));
      }
    }
    return std::move(selection_);
  }

  // Every device that the request could be about, with what rules it out.
  std::vector<Considered> consider() {
    const std::vector<Selector> selectors = wish_selectors();
    std::vector<Considered> out;
    std::unordered_set<const Device*> seen;  // a backend and its vendors may have the same name
    for (const Selector& selector : selectors) {
      for (const BackendStatus* backend : concerned(selector)) {
        out.reserve(out.size() + devices_of(*backend).size());
        for (const Device& device : devices_of(*backend)) {
          if (device.in_all && in_prefix(selector, *backend, device) &&
              (selectors.size() == 1 || seen.insert(&device).second)) {
            out.push_back({backend, &device, judge_.judge(device)});
          }
        }
      }
    }
    return out;
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
           (selector.vendors.empty() || contains(selector.vendors, device.vendor)) &&
           (selector.kinds.empty() || contains(selector.kinds, device.kind));
  }
  static bool is_open(const Selector& selector) {
    return selector.claimed_by.empty() && selector.backend.empty();
  }
  static std::string quoted(const Selector& selector) {
    if (selector.variable.empty()) {
      return selector.text;  // of a wish, which says where it comes from
    }
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
          return !backend.found.manifest.simulated && !is_off(backend) && !is_cdi_file(backend) &&
                 backend.state != BackendState::kAbsent;
        });
    std::vector<const BackendStatus*> out;
    for (const BackendStatus& backend : backends_) {
      const bool claimed =
          selector.claimed_by.empty() || contains(selector.claimed_by, name_of(backend));
      const bool prefixed = selector.backend.empty() || selector.backend == name_of(backend) ||
                            knows_vendor(backend, selector.backend);
      const bool left_out =
          (leave_out_simulated && backend.found.manifest.simulated) ||
          ((is_off(backend) || is_cdi_file(backend)) && selector.backend != name_of(backend));
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

  // Nobody asked for what is given by default.
  bool may_lack() const {
    return config_.on_unavailable == "warn" || request_.source == RequestSource::kDefault;
  }

  void warn(const std::string& text) {
    if (!contains(selection_.warnings, text)) {
      selection_.warnings.push_back(text);
    }
  }

  // Nothing was found for `all` or `none`.
  void nothing(const Selector& selector, const std::string& what,
               const std::vector<Considered>& considered = {}) {
    const std::string why = reasons(considered);
    std::string text =
        cat(quoted(selector), ": this host has no ", what, why.empty() ? "" : "; ", why);
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
    std::vector<Considered> considered;
    for (const BackendStatus* backend : ready(selector)) {
      for (const Device& device : backend->catalog.devices) {
        if (device.in_all && in_prefix(selector, *backend, device)) {
          considered.push_back({backend, &device, judge_.judge(device)});
        }
      }
    }
    const std::string what = selector.vendors.empty()
                                 ? "device to give"
                                 : cat("device of ", listed(selector.vendors), " to give");
    if (all_unavailable(considered)) {
      nothing(selector, what, considered);
      return;
    }
    const unsigned most = situation_.policy.max_devices;
    if (most > 0 && considered.size() > most) {
      // `all` is as many as policy lets a container have: the best of them.
      choose_best(quoted(selector), considered,
                  {free_up_to(considered, most), most, false, selector.text});
      return;
    }
    bool found = false;
    for (const Considered& one : considered) {
      if (one.verdict.kind == Judgement::Kind::kFree) {
        chosen_[one.backend].insert(one.device);
        found = true;
      } else {
        warn(cat(quoted(selector), ": left out ", one.device->id, ", which ", one.verdict.text,
                 one.verdict.rule.empty() ? "" : cat(" ([policy] ", one.verdict.rule, ")")));
      }
    }
    if (!found) {
      none_free(quoted(selector), considered, 1);
    }
  }

  // What a wish is about, in the form of selectors of all devices. A vendor that is named counts
  // even where its devices are simulated.
  std::vector<Selector> wish_selectors() const {
    const std::string text = request_.wish ? request_.wish->source : "all";
    Selector open{text, "", "all", "", {}, {}};
    std::vector<Selector> out, off;  // a vendor that is off is asked for only where no other is
    for (const Test& test : request_.tests) {
      if (test.key != Test::Key::kVendor || test.op != Test::Op::kEqual) {
        continue;
      }
      for (const std::string& vendor : test.values) {
        open.backend = vendor;
        const std::vector<const BackendStatus*> backends = concerned(open);
        if (!backends.empty()) {
          (std::all_of(backends.begin(), backends.end(),
                       [](const auto* one) { return is_off(*one); })
               ? off
               : out)
              .push_back(open);
        }
      }
      if (!out.empty() || !off.empty()) {
        return out.empty() ? off : out;
      }
    }
    open.backend.clear();
    return {open};
  }

  void choose_wish() {
    const std::vector<Selector> selectors = wish_selectors();
    for (const Selector& selector : selectors) {
      ready(selector);
    }
    const std::vector<Considered> considered = consider();
    if (all_unavailable(considered)) {
      nothing(selectors[0], "device to choose from", considered);
      return;
    }
    Wish wish = *request_.wish;
    if (const unsigned most = situation_.policy.max_devices; most > 0) {
      if (wish.least > most) {
        too_many(wish.least);
      }
      if (wish.most == 0 && !wish.direct_links) {
        wish.least = std::max(wish.least, free_up_to(considered, most));
      }
      wish.most = wish.most == 0 ? most : std::min(wish.most, most);
    }
    choose_best(wish.source, considered, wish);
  }

  void choose_best(const std::string& asked, const std::vector<Considered>& considered,
                   const Wish& wish) {
    const std::vector<const Considered*> best =
        best_of(considered, wish, request_, config_, situation_, judge_);
    if (best.empty() && request_.source == RequestSource::kDefault) {
      warn(cat(asked, ": none of ", considered.size(), " devices can be given now; ",
               reasons(considered)));
    } else if (best.empty()) {
      none_free(asked, considered, wish.least, wish.direct_links);
    }
    for (const Considered* one : best) {
      chosen_[one->backend].insert(one->device);
    }
  }

  // Fewer devices are free than are wanted: because others hold them, by policy, or because they do
  // not fit.
  [[noreturn]] void none_free(const std::string& asked, const std::vector<Considered>& considered,
                              unsigned least, bool direct_links = false) const {
    std::string why = reasons(considered);
    std::vector<HeldDevice> devices;
    std::string rule;
    std::size_t fit = 0, free = 0, denied = 0;
    for (const Considered& one : considered) {
      const bool is_free = one.verdict.kind == Judgement::Kind::kFree;
      free += is_free ? 1 : 0;
      if (is_free || one.verdict.kind == Judgement::Kind::kHeld) {
        devices.push_back(judge_.held_device(*one.device));
        ++fit;
      }
      denied += one.verdict.kind == Judgement::Kind::kPolicy ? 1 : 0;
      rule = rule.empty() ? one.verdict.rule : rule;
    }
    const std::string text =
        cat(asked, ": ", free == 0 ? std::string("none") : std::to_string(free), " of ",
            considered.size(), considered.size() == 1 ? " device" : " devices", " can be given now",
            least > 1 ? cat(", and ", least, " are wanted") : "",
            direct_links && free >= least ? ", each with a link to every other" : "",
            why.empty() ? "" : "; ", why);
    if (fit >= least && fit > free) {
      throw Busy(text, std::move(devices));
    }
    if (fit < least && fit + denied >= least) {
      deny(rule, text);
    }
    fail(text);
  }

  [[noreturn]] void too_many(std::size_t count) const {
    const unsigned most = situation_.policy.max_devices;
    deny(limit_rule(config_), request_.variable, " asks for ", count,
         " devices, and a container may have ", most);
  }

  // Named devices; all others are counted before.
  void check_count() const {
    std::vector<const Device*> all;
    for (const auto& [backend, devices] : chosen_) {
      all.insert(all.end(), devices.begin(), devices.end());
    }
    const std::size_t count = hardware_of(all, backends_).size();
    if (situation_.policy.max_devices > 0 && count > situation_.policy.max_devices) {
      too_many(count);
    }
  }

  void warn_of_doubts() {
    for (const auto& [backend, devices] : chosen_) {
      for (const Device* const device : devices) {
        if (const std::string doubt = judge_.doubt(*device); !doubt.empty()) {
          warn(cat("the device ", device->id, " is given, and it ", doubt));
        }
      }
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
    check_named(selector, *match.device);
    chosen_[match.backend].insert(match.device);
  }

  void check_named(const Selector& selector, const Device& device) const {
    const Judgement verdict = judge_.judge(device);
    const std::string text =
        cat(quoted(selector), ": the device ", device.id, " ", verdict.text, verdict.advice);
    switch (verdict.kind) {
      case Judgement::Kind::kFree:
        return;
      case Judgement::Kind::kPolicy:
        deny(verdict.rule, text);
      case Judgement::Kind::kHeld:
        throw Busy(text, judge_.held_devices(device));
      case Judgement::Kind::kUnavailable:
      case Judgement::Kind::kUnfit:
        fail(text);
    }
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
    out.capabilities = choose_capabilities(request_, backend, config_);
    if (!devices.empty()) {
      out.features = choose_features(request_, backend, config_);
      check_requirements(request_, backend, {devices.begin(), devices.end()}, config_);
    }
    return out;
  }

  const Request& request_;
  const std::vector<BackendStatus>& backends_;
  const Config& config_;
  const Situation& situation_;
  const Judge judge_;
  std::map<const BackendStatus*, std::set<const Device*>> chosen_;
  Selection selection_;
};

}  // namespace

Selection select(const Request& request, const std::vector<BackendStatus>& backends,
                 const Config& config, const Situation& situation) {
  return Choice(request, backends, config, situation).run();
}

std::vector<Considered> consider(const Request& request, const std::vector<BackendStatus>& backends,
                                 const Config& config, const Situation& situation) {
  return Choice(request, backends, config, situation).consider();
}

std::vector<const Device*> devices_of(const Selection& selection,
                                      const std::vector<BackendStatus>& backends) {
  std::vector<const Device*> out;
  for (const SelectedBackend& selected : selection.backends) {
    const BackendStatus* backend = backend_called(backends, selected.backend);
    auto wanted = selected.devices.begin();  // in catalog order, as those are
    for (const Device& device : backend->catalog.devices) {
      if (wanted != selected.devices.end() && device.id == *wanted) {
        out.push_back(&device);
        ++wanted;
      }
    }
  }
  return out;
}

}  // namespace xpu
