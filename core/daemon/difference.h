// SPDX-License-Identifier: Apache-2.0
// What changed between two descriptions of a backend's devices, as plain values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/events/events.h"
#include "core/watch/message.h"

namespace xpu {

// What is remembered of a device.
struct KnownDevice {
  std::string backend, id;
  // Stands for its description and its edits, but for its health; "" where only the journal
  // remembers it.
  std::string print;
  std::vector<std::string> names;  // id, UUID, PCI address, aliases, and those of its parent
  std::string health;              // the property, "" for none
  std::string health_reason;
};

// By lease_key(): a device that gets another index stays the same one.
using KnownDevices = std::map<std::string, KnownDevice>;
KnownDevices known_devices(const Catalog& catalog);

// Events kAdded, kRemoved and kChanged, the latter where `print` or id differ; in the order of
// removed, added, changed. Reason and time are those of the event of `burst` that speaks of the
// device, else of one that speaks of none or of its like; where there is none, `cause` at
// `now_ns`.
std::vector<HostEvent> difference(const KnownDevices& before, const KnownDevices& after,
                                  const std::vector<watch::Event>& burst, std::string_view cause,
                                  std::int64_t now_ns);

// The device that a backend calls so in an event; devices.end() for none.
KnownDevices::const_iterator device_called(const KnownDevices& devices, std::string_view name);

// For the log: what happened, as a sentence.
std::string sentence_of(const HostEvent& event);

}  // namespace xpu
