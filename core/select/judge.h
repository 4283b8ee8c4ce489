// SPDX-License-Identifier: Apache-2.0
// Whether one device may go to a container, and why not.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/plugin/refresh.h"
#include "core/request/request.h"
#include "core/select/situation.h"

namespace xpu {

struct Judgement {
  enum class Kind {
    kFree,
    kPolicy,       // policy keeps it from every container like this one; `rule` is its key
    kUnavailable,  // the backend says so, or it has failed
    kUnfit,        // it does not meet a test of the request
    kHeld,         // others hold it or have waited for it longer
  };
  Kind kind = Kind::kFree;
  std::string text;  // "has 16.0 GiB, ...", to follow the device's id
  std::string rule;
  std::string advice;  // what gives it all the same, for whoever named it; "" for nothing
};

class Judge {
 public:
  // Borrows all of them.
  Judge(const Request& request, const std::vector<BackendStatus>& backends, const Config& config,
        const Situation& situation);

  Judgement judge(const Device& device) const;
  // The parts of it that depend on policy alone,
  Judgement by_policy(const Device& device) const;
  // on its health,
  Judgement by_health(const Device& device) const;
  // "is degraded: ..." or "has failed: ..." of a device that may be given; "" for nothing.
  std::string doubt(const Device& device) const;
  // and on other containers.
  Judgement held(const Device& device) const;
  DeviceKeys keys_of(const Device& device) const;
  // As it is written into a lease.
  HeldDevice held_device(const Device& device) const;
  // All that a container holds by it: see hardware_of().
  std::vector<HeldDevice> held_devices(const Device& device) const;
  bool exclusive() const { return exclusive_; }

 private:
  // The device that it is a part of; nullptr for none that is known.
  const Device* whole_of(const Device& device) const;
  // What is said of a device goes for its parts.
  bool is_listed(const Device& device, const std::vector<std::string>& patterns) const;
  // Whether a device of a CDI file may be given as far as its kind tells.
  static bool allowed_by_kind(const Device& device, const std::vector<std::string>& list);
  bool denied_by_kind(const Device& device) const;
  Judgement held_itself(const Device& device) const;

  const Request& request_;
  const std::vector<BackendStatus>& backends_;
  const Config& config_;
  const Situation& situation_;
  bool exclusive_;
  // The container's own: not in its way.
  const Lease* own_lease_;
  const Waiter* own_place_;
  std::unordered_map<std::string_view, const Device*> parents_;
};

// Whether the pattern of a list in the configuration means the device: its id, UUID, vendor, or
// its model with '*' for any characters; in any case.
bool matches_device(const Device& device, std::string_view pattern);

// Or the device that it is a part of, where there is one.
bool matches_device_or_whole(const Device& device, const Device* whole, std::string_view pattern);

// Most containers that may share the device; 0: any number.
unsigned share_limit_of(const Device& device, const Device* whole, const Config& config);

}  // namespace xpu
