// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/health.h"

#include <algorithm>
#include <cctype>

#include "sdk/helpers/path.h"

namespace xpu::intel {
namespace {

// By Condition.
constexpr std::array<const char*, kConditions> kNames = {"wedged",
                                                         "reset-unfinished",
                                                         "hang",
                                                         "recovered",
                                                         "cache-parity",
                                                         "memory-replace",
                                                         "memory-critical",
                                                         "memory-degraded",
                                                         "repair",
                                                         "gaudi-malfunction",
                                                         "gaudi-needs-reset",
                                                         "gaudi-in-reset",
                                                         "gaudi-other"};

std::string all_names() {
  std::string text;
  for (const char* name : kNames) {
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

}  // namespace

HealthRules::HealthRules(const std::string& failed, const std::string& degraded) {
  table_.fill(sdk::Health::kOk);
  set("health-failed", failed, sdk::Health::kFailed);
  set("health-degraded", degraded, sdk::Health::kDegraded);
}

void HealthRules::set(const char* option, const std::string& names, sdk::Health health) {
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    const std::string name = sdk::trimmed(names.substr(at, end - at));
    at = end + 1;
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) {
      throw sdk::Invalid("option " + std::string(option) + " has \"" + name + "\"; it takes " +
                         all_names() + ", separated by ','");
    }
    sdk::Health& now = table_[static_cast<std::size_t>(found - kNames.begin())];
    if (now != sdk::Health::kOk && now != health) {
      throw sdk::Invalid("\"" + name + "\" is in both options health-failed and health-degraded");
    }
    now = health;
  }
}

sdk::Health HealthRules::of(Condition condition) const {
  return table_[static_cast<std::size_t>(condition)];
}

const char* name_of(Condition condition) {
  return kNames[static_cast<std::size_t>(condition)];
}

const char* word_of(sdk::Health health) {
  return health == sdk::Health::kFailed     ? "failed"
         : health == sdk::Health::kDegraded ? "degraded"
                                            : "ok";
}

sdk::Health worse(sdk::Health a, sdk::Health b) {
  return std::max(a, b);
}

std::optional<Condition> condition_of_status(const std::string& status) {
  std::string word = status;
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (word == "operational") {
    return std::nullopt;
  }
  return word == "malfunction"                ? Condition::kGaudiMalfunction
         : word == "needs reset"              ? Condition::kGaudiNeedsReset
         : sdk::starts_with(word, "in reset") ? Condition::kGaudiInReset
                                              : Condition::kGaudiOther;
}

Condition condition_of_wedged(const std::string& recovery) {
  return recovery == "none" ? Condition::kRecovered : Condition::kWedged;
}

}  // namespace xpu::intel
