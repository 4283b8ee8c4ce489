// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/heal_clock.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <string_view>

namespace xpu {
namespace {

constexpr std::int64_t kSlowMs = 600'000;
constexpr std::int64_t kSoonMs[] = {300, 2'000, 10'000};

}  // namespace

HealClock::HealClock(const std::string& folder, std::int64_t now_ms)
    : watch_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), due_{now_ms + kSlowMs} {
  if (watch_ &&
      ::inotify_add_watch(watch_.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
    watch_.reset();
  }
}

void HealClock::notice(std::int64_t now_ms) {
  alignas(inotify_event) char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(watch_.get(), buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      // An overflow may have been about it.
      if ((event->mask & IN_Q_OVERFLOW) != 0 ||
          (event->len > 0 && std::string_view(event->name).starts_with("generator"))) {
        soon(now_ms);
      }
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

void HealClock::soon(std::int64_t now_ms) {
  // A reload makes three folders; one row of looks is for all of them.
  due_.clear();
  for (const std::int64_t in_ms : kSoonMs) {
    due_.insert(now_ms + in_ms);
  }
  due_.insert(now_ms + kSlowMs);
}

void HealClock::done(std::int64_t now_ms) {
  due_.erase(due_.begin(), due_.upper_bound(now_ms));
  if (due_.empty()) {
    due_.insert(now_ms + kSlowMs);
  }
}

}  // namespace xpu
