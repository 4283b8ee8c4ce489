// SPDX-License-Identifier: Apache-2.0
// Messages on their way to a reader that may be slow: nothing here waits for it, and what is kept
// for it is bounded. Of samples only the newest is kept; events are all kept.
#pragma once

#include <deque>
#include <string>

#include "core/watch/message.h"

namespace xpu {

class Outbox {
 public:
  static constexpr std::size_t kBytes = 1 << 20;  // of events and the like that wait

  explicit Outbox(int fd) : fd_(fd) {}

  // False when it does not fit any more; nothing fits from then on.
  bool add(const watch::Message& message);
  // Writes what the reader takes now.
  void pump();
  bool waiting() const { return !writing_.empty() || !queue_.empty() || !newest_.empty(); }
  bool overflowed() const { return overflowed_; }
  bool reader_gone() const { return gone_; }

 private:
  bool next();

  int fd_;
  std::string writing_;            // what is left of the line that was begun
  std::deque<std::string> queue_;  // lines that must all arrive
  std::size_t queued_ = 0;         // bytes
  std::string newest_;             // sample, or why there is none
  bool overflowed_ = false, gone_ = false;
};

}  // namespace xpu
