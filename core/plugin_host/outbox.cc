// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/outbox.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace xpu {

bool Outbox::add(const watch::Message& message) {
  if (overflowed_) {
    return false;
  }
  std::string line = watch::to_line(message) + "\n";
  if (std::holds_alternative<watch::Sample>(message) ||
      std::holds_alternative<watch::Failed>(message)) {
    newest_ = std::move(line);
    return true;
  }
  if (queued_ + line.size() > kBytes) {
    pump();
  }
  overflowed_ = queued_ + line.size() > kBytes;
  if (overflowed_) {
    return false;
  }
  queued_ += line.size();
  queue_.push_back(std::move(line));
  return true;
}

bool Outbox::next() {
  if (writing_.empty() && !queue_.empty()) {
    writing_ = std::move(queue_.front());
    queue_.pop_front();
    queued_ -= writing_.size();
  }
  if (writing_.empty()) {
    writing_.swap(newest_);
  }
  return !writing_.empty();
}

// Not O_NONBLOCK, which would be that of whoever else has this descriptor: a pipe that is ready
// takes so much without waiting.
void Outbox::pump() {
  std::size_t done = 0;
  while (next()) {
    pollfd polled = {fd_, POLLOUT, 0};
    if (poll(&polled, 1, 0) <= 0 || (polled.revents & POLLOUT) == 0) {
      gone_ = gone_ || (polled.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
      break;
    }
    const std::size_t size = std::min<std::size_t>(writing_.size() - done, PIPE_BUF);
    const ssize_t wrote = write(fd_, writing_.data() + done, size);
    if (wrote < 0) {
      gone_ = gone_ || (errno != EINTR && errno != EAGAIN);
      break;
    }
    done += static_cast<std::size_t>(wrote);
    if (done == writing_.size()) {
      writing_.clear();
      done = 0;
    }
  }
  writing_.erase(0, done);
}

}  // namespace xpu
