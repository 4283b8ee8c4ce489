// SPDX-License-Identifier: Apache-2.0
#include "core/select/judge.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/glob.h"
#include "core/log/format.h"
#include "core/request/tests.h"
#include "core/select/grants.h"
#include "core/select/hardware.h"

namespace xpu {
namespace {

std::string who(const Lease& lease) {
  return cat("container ", lease.id, " (since ", log::rfc3339(lease.since_unix), ")");
}

bool names_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return equal_in_any_case(pattern, name); });
}

}  // namespace

bool matches_device(const Device& device, std::string_view pattern) {
  return equal_in_any_case(pattern, device.id) || equal_in_any_case(pattern, device.vendor) ||
         (!device.uuid.empty() && equal_in_any_case(pattern, device.uuid)) ||
         matches_glob(device.name, pattern);
}

bool matches_device_or_whole(const Device& device, const Device* whole, std::string_view pattern) {
  return matches_device(device, pattern) || (whole != nullptr && matches_device(*whole, pattern));
}

unsigned share_limit_of(const Device& device, const Device* whole, const Config& config) {
  for (const auto& [pattern, limit] : config.share_limits) {
    if (matches_device_or_whole(device, whole, pattern)) {
      return limit;
    }
  }
  return config.share_limit;
}

Judge::Judge(const Request& request, const std::vector<BackendStatus>& backends,
             const Config& config, const Situation& situation)
    : request_(request),
      backends_(backends),
      config_(config),
      situation_(situation),
      exclusive_(request.exclusive.value_or(situation.policy.exclusive_by_default)),
      own_lease_(situation.holdings.lease_of(situation.runtime_root, situation.id)),
      own_place_(situation.holdings.waiter_of(situation.runtime_root, situation.id)) {
  for (const BackendStatus& backend : backends) {
    for (const Device& device : backend.catalog.devices) {
      if (!device.parent.empty()) {
        parents_.emplace(device.parent, nullptr);
      }
    }
  }
  for (const BackendStatus& backend : backends) {
    for (const Device& device : backend.catalog.devices) {
      if (const auto parent = parents_.find(device.id); parent != parents_.end()) {
        parent->second = &device;
      }
    }
  }
}

const Device* Judge::whole_of(const Device& device) const {
  const auto parent = device.parent.empty() ? parents_.end() : parents_.find(device.parent);
  return parent == parents_.end() ? nullptr : parent->second;
}

bool Judge::is_listed(const Device& device, const std::vector<std::string>& patterns) const {
  const Device* const whole = whole_of(device);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return matches_device_or_whole(device, whole, pattern);
  });
}

DeviceKeys Judge::keys_of(const Device& device) const {
  const Device* const whole = whole_of(device);
  return {lease_key(device), whole != nullptr ? lease_key(*whole) : device.parent};
}

HeldDevice Judge::held_device(const Device& device) const {
  const DeviceKeys keys = keys_of(device);
  return {device.id, std::string(keys.key), std::string(keys.parent_key)};
}

std::vector<HeldDevice> Judge::held_devices(const Device& device) const {
  std::vector<HeldDevice> out;
  for (const Device* const one : hardware_of(device, backends_)) {
    out.push_back(held_device(*one));
  }
  return out;
}

// Nobody says which vendor's it is: each that it may be of has to be among them.
bool Judge::allowed_by_kind(const Device& device, const std::vector<std::string>& list) {
  return !device.kind_vendors.empty() &&
         std::all_of(device.kind_vendors.begin(), device.kind_vendors.end(),
                     [&](const std::string& vendor) { return names_any(list, vendor); });
}

// Also by what the backend would call it.
bool Judge::denied_by_kind(const Device& device) const {
  const std::vector<std::string>& list = situation_.policy.deny_devices;
  const auto is_denied = [&](const std::string& vendor) {
    return names_any(list, vendor) || names_any(list, cat(vendor, ":", device.index));
  };
  return !device.kind_vendors.empty() &&
         (names_any(list, device.index) ||
          std::any_of(device.kind_vendors.begin(), device.kind_vendors.end(), is_denied));
}

Judgement Judge::by_policy(const Device& device) const {
  const Policy& policy = situation_.policy;
  for (const Device* const one : hardware_of(device, backends_)) {
    Judgement verdict = one == &device ? Judgement() : by_policy(*one);
    if (verdict.kind != Judgement::Kind::kFree) {
      verdict.text = cat("is ", one->id, ", which ", verdict.text);
      return verdict;
    }
  }
  // Where it is a backend's device, that one has passed.
  const bool known = !device.same_as.empty() && !device.kind_vendors.empty();
  if (!policy.vendors.empty() && !known && !contains(policy.vendors, device.vendor) &&
      !allowed_by_kind(device, policy.vendors)) {
    const std::string vendor =
        device.kind_vendors.empty() ? device.vendor : listed(device.kind_vendors);
    return {Judgement::Kind::kPolicy, cat("is of ", vendor, ", which no container is given"),
            "allow-vendors", ""};
  }
  if (!policy.allow_devices.empty() && device.same_as.empty() &&
      !is_listed(device, policy.allow_devices) && !allowed_by_kind(device, policy.allow_devices)) {
    return {Judgement::Kind::kPolicy, "is not among the devices that containers are given",
            "allow-devices", ""};
  }
  if (is_listed(device, policy.deny_devices) || denied_by_kind(device)) {
    return {Judgement::Kind::kPolicy, "is kept from containers", "deny-devices", ""};
  }
  return {};
}

Judgement Judge::by_health(const Device& device) const {
  if (config_.allow_unhealthy) {
    return {};
  }
  for (const Device* const one : hardware_of(device, backends_)) {
    const DeviceHealth health = health_of(*one, whole_of(*one), situation_.marks);
    if (health.state != "failed") {
      continue;
    }
    const std::string clear =
        health.mark == nullptr
            ? ""
            : cat("if it works again: xpu-runtime health --clear ", health.mark->id, "; ");
    return {Judgement::Kind::kUnavailable,
            cat(one == &device ? std::string() : cat("is ", one->id, ", which "),
                "has failed: ", health.reason),
            "",
            cat("; ", clear, "allow-unhealthy = true in [selection] of ",
                config_.file.empty() ? config_path() : config_.file, " gives it all the same")};
  }
  return {};
}

std::string Judge::doubt(const Device& device) const {
  for (const Device* const one : hardware_of(device, backends_)) {
    const DeviceHealth health = health_of(*one, whole_of(*one), situation_.marks);
    if (!health.reason.empty()) {
      return cat(one == &device ? std::string() : cat("is ", one->id, ", which "),
                 health.state == "failed" ? "has failed: " : "is degraded: ", health.reason);
    }
  }
  return "";
}

Judgement Judge::held(const Device& device) const {
  if (situation_.holdings.empty()) {
    return {};
  }
  for (const Device* const one : hardware_of(device, backends_)) {
    Judgement verdict = held_itself(*one);
    if (verdict.kind != Judgement::Kind::kFree) {
      verdict.text = one == &device ? verdict.text : cat("is ", one->id, ", which ", verdict.text);
      return verdict;
    }
  }
  return {};
}

Judgement Judge::held_itself(const Device& device) const {
  const Holdings& holdings = situation_.holdings;
  const DeviceKeys mine = keys_of(device);
  const unsigned limit = share_limit_of(device, whole_of(device), config_);
  const Obstacle obstacle = holdings.obstacle(mine, exclusive_, limit, own_lease_);
  if (obstacle.holder != nullptr) {
    const std::string holder = who(*obstacle.holder);
    return {Judgement::Kind::kHeld,
            obstacle.limit
                ? cat("is shared by ", limit, " containers, which is its limit; one is ", holder)
            : obstacle.holder->exclusive ? cat("is held exclusively by ", holder)
                                         : cat("is wanted exclusively and held by ", holder),
            "", ""};
  }
  if (holdings.overtakes(own_place_, mine)) {
    return {Judgement::Kind::kHeld, "is next for a container that has waited for it longer", "",
            ""};
  }
  return {};
}

Judgement Judge::judge(const Device& device) const {
  if (Judgement verdict = by_policy(device); verdict.kind != Judgement::Kind::kFree) {
    return verdict;
  }
  if (!device.available) {
    return {Judgement::Kind::kUnavailable, cat("is not available: ", device.reason), "", ""};
  }
  if (Judgement verdict = by_health(device); verdict.kind != Judgement::Kind::kFree) {
    return verdict;
  }
  std::string why;
  for (const Test& test : request_.tests) {
    if (!meets(test, device, &why)) {
      return {Judgement::Kind::kUnfit, why, "", ""};
    }
  }
  return held(device);
}

}  // namespace xpu
