// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/daemon/difference.h"
#include "core/events/events.h"

namespace xpu {

// What the journal of events has said so far. An xpud that begins has nothing else to compare the
// host with: what it finds otherwise happened in between, and is told then, once.
class Told {
 public:
  // All that is kept of the journal, the oldest first. `whole`: nothing of this boot was thrown
  // away; else devices of which it does not speak are taken for known.
  Told(const std::vector<HostEvent>& events, bool whole);

  void add(const HostEvent& event);

  // As far as the journal tells: without print and names. `now`: the devices of today.
  KnownDevices devices_of(const std::string& backend, const KnownDevices& now) const;
  // Backends that had devices.
  std::set<std::string> backends() const;
  // "ok" where nothing was said of it.
  std::string health_of(const std::string& key) const;
  // What was last said of the backend itself; "" for nothing.
  std::string of_backend(const std::string& backend) const;
  // Since the device was there last.
  bool is_lost(const std::string& container, const std::string& key) const;
  // Whether it ever was about the device.
  bool spoke_of(const std::string& key) const { return spoken_of_.contains(key); }

 private:
  bool whole_;
  std::map<std::string, KnownDevice> devices_;   // by key; those that are there
  std::set<std::string> spoken_of_;              // keys
  std::map<std::string, std::string> health_;    // by key
  std::map<std::string, std::string> backends_;  // by name
  std::set<std::pair<std::string, std::string>> lost_;
};

}  // namespace xpu
