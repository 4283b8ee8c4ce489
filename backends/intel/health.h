// SPDX-License-Identifier: Apache-2.0
// What counts as degraded and what as failed: one table of conditions, for the property "health" of
// a description as for events. The options health-failed and health-degraded say otherwise.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "xpu/live.hpp"

namespace xpu::intel {

enum class Condition {
  kWedged,            // the driver has given the device up until somebody resets or rebinds it
  kResetUnfinished,   // the driver began a reset and said nothing of its end
  kHang,              // the driver found a hang and is about to reset
  kRecovered,         // the driver has reset the device, which works again
  kCacheParity,       // a parity error in a cache
  kMemoryReplace,     // the memory must be replaced
  kMemoryCritical,    // the memory has many errors
  kMemoryDegraded,    // the memory has some
  kRepair,            // the device must be reset for a repair
  kGaudiMalfunction,  // what a Gaudi's driver says, by its own words
  kGaudiNeedsReset,
  kGaudiInReset,
  kGaudiOther,  // of neither kind, nor "Operational"
};
inline constexpr std::size_t kConditions = static_cast<std::size_t>(Condition::kGaudiOther) + 1;

class HealthRules {
 public:
  // Values of the options: names of conditions separated by ','. What is in neither is no reason to
  // worry. Throws sdk::Invalid, also for a name in both.
  HealthRules(const std::string& failed, const std::string& degraded);

  sdk::Health of(Condition condition) const;

 private:
  void set(const char* option, const std::string& names, sdk::Health health);
  std::array<sdk::Health, kConditions> table_;
};

template <class From>  // sdk::Sink, sdk::Events or sdk::Samples
HealthRules health_rules(const From& from) {
  return HealthRules(from.option("health-failed"), from.option("health-degraded"));
}

const char* name_of(Condition condition);  // "wedged", as in the options
const char* word_of(sdk::Health health);   // "ok", as the property "health"

// The worse of both.
sdk::Health worse(sdk::Health a, sdk::Health b);

// What a Gaudi's file `status` says, in upper or lower case; nullopt for "Operational".
std::optional<Condition> condition_of_status(const std::string& status);

// "rebind,bus-reset" of WEDGED in an event of the kernel.
Condition condition_of_wedged(const std::string& recovery);

}  // namespace xpu::intel
