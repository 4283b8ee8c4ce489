// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/error.h"
#include "core/select/grants.h"
#include "core/select/select.h"

namespace xpu {
namespace {

constexpr std::string_view kCannotRestore = "the container cannot be restored with what it had: ";

template <class... Parts>
[[noreturn]] void fail_restore(const Parts&... problem) {
  fail(kCannotRestore, problem...);
}

void check_devices(const SelectedBackend& selected, const Catalog& catalog, const Judge& judge) {
  for (const std::string& id : selected.devices) {
    const auto device = std::find_if(catalog.devices.begin(), catalog.devices.end(),
                                     [&](const Device& one) { return one.id == id; });
    if (device == catalog.devices.end()) {
      fail_restore("the device ", id, " is not there");
    }
    if (!device->available) {
      fail_restore("the device ", id, " is not available: ", device->reason);
    }
    if (const Judgement verdict = judge.by_health(*device);
        verdict.kind != Judgement::Kind::kFree) {
      fail_restore("the device ", id, " ", verdict.text, verdict.advice);
    }
    if (const Judgement verdict = judge.by_policy(*device);
        verdict.kind != Judgement::Kind::kFree) {
      deny(verdict.rule, kCannotRestore, "the device ", id, " ", verdict.text);
    }
    if (const Judgement verdict = judge.held(*device); verdict.kind != Judgement::Kind::kFree) {
      throw Busy(cat(kCannotRestore, "the device ", id, " ", verdict.text),
                 judge.held_devices(*device));
    }
  }
}

void check_capability(const std::string& name, const Catalog& catalog) {
  if (std::find(catalog.capabilities.begin(), catalog.capabilities.end(), name) ==
      catalog.capabilities.end()) {
    fail_restore("the backend ", catalog.backend, " does not offer ", name);
  }
}

void check_feature(const SelectedFeature& selected, const BackendStatus& backend, bool privileged) {
  check_capability(selected.name, backend.catalog);
  const Feature* feature = feature_called(backend, selected.name);
  if (feature != nullptr && feature->privileged && !privileged) {
    fail_restore("the feature ", feature->name, " is for privileged containers");
  }
  const std::vector<std::string> items = items_of(backend, selected.name);
  for (const std::string& item : selected.items) {
    if (std::find(items.begin(), items.end(), item) == items.end()) {
      fail_restore("the feature ", selected.name, " has no '", item, "'");
    }
  }
}

}  // namespace

void check_recorded(const Selection& selection, const Request& request,
                    const std::vector<BackendStatus>& backends, const Config& config,
                    const Situation& situation) {
  const Judge judge(request, backends, config, situation);
  std::size_t count = 0;
  for (const SelectedBackend& selected : selection.backends) {
    const BackendStatus* backend = backend_called(backends, selected.backend);
    if (backend == nullptr) {
      fail_restore("the backend ", selected.backend, " is not among those that it asks for now");
    }
    if (backend->state != BackendState::kReady) {
      fail_restore("the backend ", selected.backend, " is ", to_string(backend->state), ": ",
                   backend->reason);
    }
    check_devices(selected, backend->catalog, judge);
    count += selected.devices.size();
    for (const std::string& capability : selected.capabilities) {
      check_capability(capability, backend->catalog);
    }
    for (const SelectedFeature& feature : selected.features) {
      check_feature(feature, *backend, request.privileged);
    }
  }
  if (const unsigned most = situation.policy.max_devices; most > 0 && count > most) {
    deny(limit_rule(config), kCannotRestore, "it had ", count,
         " devices, and a container may have ", most);
  }
}

}  // namespace xpu
