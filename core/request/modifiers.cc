// SPDX-License-Identifier: Apache-2.0
#include "core/request/modifiers.h"

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/request/sizes.h"

namespace xpu {
namespace {

constexpr std::size_t kLabelLimit = 256;

std::string label_in(const Setting& setting) {
  if (!grammar::is_text(setting.value, kLabelLimit)) {
    fail(setting.where(), ": a label is one line of at most ", kLabelLimit, " bytes of UTF-8");
  }
  return setting.value;
}

}  // namespace

void Modifiers::add(const Description& description) {
  if (description.exclusive) {
    exclusive_ = description.exclusive;
    sharing_source_ = description.sharing_source;
  }
  if (description.numa_local) {
    numa_local_ = description.numa_local;
  }
}

void Modifiers::add(const Settings& settings) {
  add(describe(settings.modifiers()));
  if (const Setting* wait = settings.find(Word::kWait)) {
    wait_seconds_ = parse_wait(wait->value, wait->where());
    wait_source_ = wait->text();
  }
  if (const Setting* label = settings.find(Word::kLabel)) {
    label_ = label_in(*label);
  }
}

void Modifiers::check(const Policy& policy) const {
  const bool differs = exclusive_ && *exclusive_ != policy.exclusive_by_default;
  const bool may_differ =
      policy.sharing_choice == SharingChoice::kAny ||
      (policy.sharing_choice == SharingChoice::kTighten && exclusive_.value_or(false));
  if (differs && !may_differ) {
    deny_setting("sharing-choice", sharing_source_,
                 " is not for a container to choose; devices are ",
                 policy.exclusive_by_default ? "exclusive" : "shared");
  }
  if (wait_seconds_ > policy.max_wait_seconds) {
    deny_setting("max-wait-seconds", wait_source_, " is longer than the ", policy.max_wait_seconds,
                 " s that a container may wait");
  }
}

void Modifiers::apply(Request& request) const {
  request.exclusive = exclusive_;
  request.numa_local = numa_local_.value_or(false);
  request.wait_seconds = static_cast<unsigned>(wait_seconds_);
  request.label = label_;
}

}  // namespace xpu
