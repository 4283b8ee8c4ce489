// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace xpu {

// When a burst of events is acted on: after 10 ms without another one, 25 ms after the first at the
// latest. Five in a row are as quick as that, then one a second: a device that comes and goes all
// the time must not keep a processor busy with descriptions.
class Burst {
 public:
  static constexpr std::int64_t kQuietMs = 10, kLongestMs = 25, kPauseMs = 1000;
  static constexpr int kAtOnce = 5;

  // An event at that moment.
  void add(std::int64_t now_ms) {
    first_ = first_.value_or(now_ms);
    last_ = now_ms;
  }
  bool waiting() const { return first_.has_value(); }

  // The moment to act at; nullopt where there is nothing to do.
  std::optional<std::int64_t> due_ms() const {
    if (!first_) {
      return std::nullopt;
    }
    return std::max(std::min(last_ + kQuietMs, *first_ + kLongestMs), not_before_ms_);
  }

  // It is acted on now.
  void act(std::int64_t now_ms) {
    first_.reset();
    not_before_ms_ = std::max(not_before_ms_, now_ms - (kAtOnce - 1) * kPauseMs) + kPauseMs;
  }

 private:
  std::optional<std::int64_t> first_;
  std::int64_t last_ = 0;
  // Each act moves it on by a pause; it begins that many pauses back.
  std::int64_t not_before_ms_ = INT64_MIN / 2;
};

}  // namespace xpu
