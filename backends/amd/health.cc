// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/health.h"

#include <algorithm>

namespace xpu::amd {
namespace {

using namespace std::chrono_literals;

constexpr auto kRemembered = 1h;  // a reset that went well
constexpr auto kOneReset = 10s;   // what is told within is told of one
constexpr auto kThrottleLasts = 1min;
constexpr std::size_t kKept = 1000;

// Each trouble, the option that says what it makes of a GPU, and why the default is what it is.
struct Rule {
  Trouble trouble;
  const char* option;
};
constexpr Rule kRules[kTroubles] = {
    // The driver has begun to reset it and has not said that it is done: everything on it is lost,
    // and a program that starts now fails. Default "failed". A reset that does not work never ends.
    {Trouble::kResetting, "health-resetting"},
    // The driver has given up and asks for more than itself can do (a uevent of DRM with WEDGED of
    // something else than "none"): it has to be bound anew, or the machine started. "failed".
    {Trouble::kWedged, "health-wedged"},
    // It had to be reset `many-resets` times within an hour. Default "failed": each time the work
    // of all its users was lost. After an hour without one it counts as sound again.
    {Trouble::kManyResets, "health-many-resets"},
    // It was reset within the last hour and works. Default "degraded", which changes no selection:
    // most resets are the fault of one program.
    {Trouble::kReset, "health-reset"},
    // RAS counted errors that could not be corrected since the driver was loaded. The driver has
    // killed who was hit and taken the pages out of use; what runs now runs on sound memory. So
    // "degraded" by default.
    {Trouble::kUncorrected, "health-uncorrected"},
    // As many pages of memory are out of use as `bad-pages` says, or as the driver's parameter
    // bad_page_threshold: it will refuse the GPU when it is loaded next. Default "failed".
    {Trouble::kBadPages, "health-bad-pages"},
    // Pages that are known to be bad are still in use, until the GPU is reset (P), or for good (F).
    // Default "degraded".
    {Trouble::kUnsafePages, "health-unsafe-pages"},
    // It was too hot within the last minute, and is slower for it. Default "ok": that is what the
    // limit is for, and metrics show it.
    {Trouble::kThrottled, "health-throttled"},
};

std::string times(std::size_t count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

std::string with_cause(const std::string& text, const std::string& cause) {
  return cause.empty() ? text : text + ": " + cause;
}

// The worst so far, and of equals the first.
void worsen(Verdict& verdict, sdk::Health health, const std::string& reason) {
  if (health > verdict.health) {
    verdict = {health, reason};
  }
}

}  // namespace

HealthRules health_rules(const Option& option, const sdk::Root& sys_root) {
  HealthRules rules;
  for (const Rule& rule : kRules) {
    rules.of[static_cast<std::size_t>(rule.trouble)] = static_cast<sdk::Health>(
        XPU_HEALTH_OK + word_option(option, rule.option, {"ok", "degraded", "failed"}));
  }
  rules.many_resets = number_option(option, "many-resets");
  rules.bad_pages = number_option(option, "bad-pages");
  if (rules.bad_pages == 0) {
    rules.bad_pages = bad_page_threshold(sys_root).value_or(0);
  }
  return rules;
}

void GpuHealth::forget(Time now) {
  while (!resets_.empty() && (now - resets_.front() >= kRemembered || resets_.size() > kKept)) {
    resets_.pop_front();
  }
}

void GpuHealth::resetting(const std::string& cause, Time now) {
  forget(now);
  resetting_ = true;
  began_ = now;
  cause_ = cause;
}

void GpuHealth::reset_done(const std::string& cause, Time now) {
  forget(now);
  if (!cause.empty() || !resetting_) {
    cause_ = cause;
  }
  const bool same = !resetting_ && !resets_.empty() && now - resets_.back() < kOneReset;
  resetting_ = false;
  if (!same) {
    resets_.push_back(now);
  }
}

void GpuHealth::throttled(const std::string& what, Time now) {
  throttle_ = what;
  throttled_until_ = now + kThrottleLasts;
}

Verdict GpuHealth::verdict(const HealthRules& rules, Time now) const {
  Verdict verdict;
  if (resetting_) {
    worsen(verdict, rules[Trouble::kResetting], with_cause("it is being reset", cause_));
  }
  if (!wedged_.empty()) {
    worsen(verdict, rules[Trouble::kWedged], wedged_);
  }
  const auto resets = static_cast<std::size_t>(std::count_if(
      resets_.begin(), resets_.end(), [&](Time reset) { return now - reset < kRemembered; }));
  const std::string reset = with_cause("it was reset " + times(resets) + " within an hour", cause_);
  if (rules.many_resets > 0 && resets >= rules.many_resets) {
    worsen(verdict, rules[Trouble::kManyResets], reset);
  }
  if (resets > 0) {
    worsen(verdict, rules[Trouble::kReset], reset);
  }
  if (const auto count = ras_.uncorrected.value_or(0); count > 0) {
    worsen(verdict, rules[Trouble::kUncorrected],
           "uncorrected errors since the driver was loaded: " + std::to_string(count));
  }
  if (const auto count = ras_.bad_pages.value_or(0);
      rules.bad_pages > 0 && count >= rules.bad_pages) {
    worsen(verdict, rules[Trouble::kBadPages],
           "pages of its memory out of use: " + std::to_string(count) + "; the limit is " +
               std::to_string(rules.bad_pages));
  }
  if (const auto count = ras_.unsafe_pages.value_or(0); count > 0) {
    worsen(verdict, rules[Trouble::kUnsafePages],
           "bad pages of its memory still in use: " + std::to_string(count));
  }
  if (throttled_until_ && now < *throttled_until_) {
    worsen(verdict, rules[Trouble::kThrottled], throttle_);
  }
  return verdict;
}

const char* to_string(sdk::Health health) {
  switch (health) {
    case sdk::Health::kOk:
      return "ok";
    case sdk::Health::kDegraded:
      return "degraded";
    case sdk::Health::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace xpu::amd
