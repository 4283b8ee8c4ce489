// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/difference.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/lease/lease.h"

namespace xpu {
namespace {

constexpr std::string_view kHealth = "health", kHealthReason = "health-reason";

std::string property(const Device& device, std::string_view name) {
  for (const auto& [key, value] : device.properties) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

std::vector<std::string> names_of(const Device& device) {
  std::vector<std::string> out = device.aliases;
  for (const std::string* name : {&device.id, &device.uuid, &device.pci}) {
    if (!name->empty()) {
      out.push_back(*name);
    }
  }
  return out;
}

std::string print_of(const Catalog& catalog, Device device) {
  std::erase_if(device.properties,
                [](const auto& one) { return one.first == kHealth || one.first == kHealthReason; });
  Catalog alone;
  for (const EditGroup& group : catalog.edits) {
    if (group.scope.device == device.id) {
      alone.edits.push_back(group);
    }
  }
  for (const Interconnect& link : catalog.interconnects) {
    if (link.device == device.id) {
      alone.interconnects.push_back(link);
    }
  }
  alone.devices.push_back(std::move(device));
  return hex64(fnv1a(to_json(alone)));
}

// How well an event explains what became of a device; 0: not at all.
int fitness(const watch::Event& event, HostEventKind kind, const KnownDevice& device) {
  if (event.kind == watch::EventKind::kHealth) {
    return 0;
  }
  const bool alike = std::string_view(to_string(event.kind)) == to_string(kind);
  const bool named = contains(device.names, event.device);
  return named ? 4 + alike : event.device.empty() ? 2 + alike : alike;
}

HostEvent event_of(HostEventKind kind, const std::string& key, const KnownDevice& device,
                   const std::vector<watch::Event>& burst, std::string_view cause,
                   std::int64_t now_ns) {
  HostEvent out;
  out.kind = kind;
  out.backend = device.backend;
  out.device = device.id;
  out.key = key;
  out.reason = std::string(cause);
  out.time_ns = now_ns;
  int best = 0;
  for (const watch::Event& event : burst) {
    const int fit = fitness(event, kind, device);
    if (fit > best) {
      best = fit;
      out.reason = event.reason;
      out.time_ns = event.time_ns;
    }
  }
  return out;
}

}  // namespace

KnownDevices known_devices(const Catalog& catalog) {
  KnownDevices out;
  for (const Device& device : catalog.devices) {
    KnownDevice known{catalog.backend,           device.id,
                      print_of(catalog, device), names_of(device),
                      property(device, kHealth), property(device, kHealthReason)};
    for (const Device& parent : catalog.devices) {
      if (parent.id == device.parent) {
        const std::vector<std::string> names = names_of(parent);
        known.names.insert(known.names.end(), names.begin(), names.end());
      }
    }
    out.emplace(lease_key(device), std::move(known));
  }
  return out;
}

std::vector<HostEvent> difference(const KnownDevices& before, const KnownDevices& after,
                                  const std::vector<watch::Event>& burst, std::string_view cause,
                                  std::int64_t now_ns) {
  std::vector<HostEvent> removed, added, changed;
  for (const auto& [key, device] : before) {
    if (!after.contains(key)) {
      removed.push_back(event_of(HostEventKind::kRemoved, key, device, burst, cause, now_ns));
    }
  }
  for (const auto& [key, device] : after) {
    const auto old = before.find(key);
    if (old == before.end()) {
      added.push_back(event_of(HostEventKind::kAdded, key, device, burst, cause, now_ns));
      continue;
    }
    const bool described = !old->second.print.empty() && old->second.print != device.print;
    if (described || old->second.id != device.id) {
      changed.push_back(event_of(HostEventKind::kChanged, key, device, burst, cause, now_ns));
      if (old->second.id != device.id) {
        changed.back().reason += cat(" (it was ", old->second.id, ")");
      }
    }
  }
  removed.insert(removed.end(), added.begin(), added.end());
  removed.insert(removed.end(), changed.begin(), changed.end());
  return removed;
}

KnownDevices::const_iterator device_called(const KnownDevices& devices, std::string_view name) {
  // Its own names before those of what it is a part of.
  const auto own = std::find_if(devices.begin(), devices.end(), [&](const auto& one) {
    return equal_in_any_case(one.first, name) || equal_in_any_case(one.second.id, name);
  });
  if (own != devices.end()) {
    return own;
  }
  return std::find_if(devices.begin(), devices.end(), [&](const auto& one) {
    const std::vector<std::string>& names = one.second.names;
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& known) { return equal_in_any_case(known, name); });
  });
}

std::string sentence_of(const HostEvent& event) {
  const std::string device =
      event.device.empty()
          ? ""
          : cat("device ", event.device,
                event.key.empty() || event.key == event.device ? "" : cat(" (", event.key, ")"));
  const std::string& name =
      event.container.name.empty() ? event.container.id : event.container.name;
  const std::string container =
      cat("container ", name,
          event.container.engine.empty() ? "" : cat(" (", event.container.engine, ")"));
  switch (event.kind) {
    case HostEventKind::kAdded:
      return cat(device, " is there: ", event.reason);
    case HostEventKind::kRemoved:
      return cat(device, " went away: ", event.reason);
    case HostEventKind::kChanged:
      return cat(device, " is described differently now: ", event.reason);
    case HostEventKind::kHealth:
      return cat(device, event.health == "ok" ? " works again: " : cat(" is ", event.health, ": "),
                 event.reason);
    case HostEventKind::kLost:
      return cat(device, " is lost while ", container, " holds it: ", event.reason);
    case HostEventKind::kHealed:
      return cat(container, " got its devices back: ", event.reason);
    case HostEventKind::kHealFailed:
      return cat(container, " did not get its devices back: ", event.reason);
    case HostEventKind::kStart:
      return cat(container, " started: ", event.reason);
    case HostEventKind::kStartFailed:
      return cat(container, " did not start: ", event.reason);
    case HostEventKind::kDenied:
      return cat(container, " was denied: ", event.reason);
    case HostEventKind::kBackend:
      return cat("backend ", event.backend, ": ", event.reason);
    case HostEventKind::kMessagesLost:
      return cat("backend ", event.backend,
                 " lost messages, and everything was looked at anew: ", event.reason);
  }
  return event.reason;
}

}  // namespace xpu
