// SPDX-License-Identifier: Apache-2.0
// What makes a GPU unhealthy. The table of it is in health.cc; each line has an option.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "backends/amd/options.h"
#include "backends/amd/ras.h"
#include "xpu/live.hpp"

namespace xpu::amd {

enum class Trouble {
  kResetting,
  kWedged,
  kManyResets,
  kReset,
  kUncorrected,
  kBadPages,
  kUnsafePages,
  kThrottled,
};
inline constexpr std::size_t kTroubles = 8;

// As the administrator wants it.
struct HealthRules {
  sdk::Health of[kTroubles] = {};
  std::uint64_t many_resets = 0;  // within an hour; 0: no number is too many
  std::uint64_t bad_pages = 0;    // 0: no number is too many

  sdk::Health operator[](Trouble trouble) const { return of[static_cast<std::size_t>(trouble)]; }
};
// Throws sdk::Invalid. What the driver itself takes for too many bad pages is read from sys_root.
HealthRules health_rules(const Option& option, const sdk::Root& sys_root);

struct Verdict {
  sdk::Health health = sdk::Health::kOk;
  std::string reason;  // one line; of the worst, the first in the table
  bool operator==(const Verdict& other) const {
    return health == other.health && reason == other.reason;
  }
};

// What is known of one GPU.
class GpuHealth {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  void resetting(const std::string& cause, Time now);
  // Several sources tell of one reset: those that come soon after each other are one.
  void reset_done(const std::string& cause, Time now);
  void wedged(const std::string& what) { wedged_ = what; }
  void throttled(const std::string& what, Time now);
  void counted(const RasCounts& counts) { ras_ = counts; }

  bool is_resetting() const { return resetting_; }
  Clock::duration resetting_for(Time now) const { return now - began_; }
  // It may change as time goes by.
  Verdict verdict(const HealthRules& rules, Time now) const;

 private:
  void forget(Time now);

  bool resetting_ = false;
  Time began_{};
  std::string cause_, wedged_, throttle_;
  std::deque<Time> resets_;  // of the last hour, at most kKept
  std::optional<Time> throttled_until_;
  RasCounts ras_;
};

// The word of backend.h's property "health".
const char* to_string(sdk::Health health);

}  // namespace xpu::amd
