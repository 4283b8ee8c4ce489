// SPDX-License-Identifier: Apache-2.0
// What happens to the devices: uevents of the kernel, and the states of Gaudis, which have none.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "backends/intel/accelerators.h"
#include "backends/intel/health.h"
#include "backends/intel/host.h"
#include "sdk/helpers/uevents.h"
#include "xpu/live.hpp"

namespace xpu::intel {

// Of the option "reset-seconds"; throws sdk::Invalid.
std::chrono::seconds reset_patience(const std::string& value);

class Watch {
 public:
  // Throws sdk::Absent where there is neither hardware nor a driver for it.
  void start(sdk::Events& events);
  int descriptor() const { return monitor_.fd(); }
  std::uint32_t dispatch(sdk::Events& events);
  void stop() { monitor_.close(); }

 private:
  using Clock = std::chrono::steady_clock;

  bool is_ours(const sdk::Uevent& event);
  void tell(sdk::Events& events, const sdk::Uevent& event);
  void tell_module(sdk::Events& events, const sdk::Uevent& event);
  void tell_pci(sdk::Events& events, const sdk::Uevent& event);
  void tell_node(sdk::Events& events, const sdk::Uevent& event);
  bool tell_health(sdk::Events& events, const sdk::Uevent& event);
  void tell_reset(sdk::Events& events, const std::string& pci, const sdk::Uevent& event);
  void say(sdk::Events& events, const std::string& pci, Condition condition,
           const std::string& words);
  void look_at_resets(sdk::Events& events);
  void find_statuses();
  void look_at_statuses(sdk::Events& events);
  std::uint32_t next_ms() const;

  std::optional<Host> host_;
  std::optional<HealthRules> rules_;
  std::chrono::seconds patience_{0};
  sdk::UeventMonitor monitor_;
  std::set<std::string> known_;                      // PCI addresses of devices that are ours
  std::map<std::string, Clock::time_point> resets_;  // until when each should be over
  struct Status {
    std::string pci, file, text;
  };
  std::vector<Status> statuses_;
  Clock::time_point next_look_;  // at the statuses
};

}  // namespace xpu::intel
