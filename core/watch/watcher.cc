// SPDX-License-Identifier: Apache-2.0
#include "core/watch/watcher.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace xpu::watch {
namespace {

constexpr std::int64_t kFirstMs = 1000, kLongestMs = 300'000, kLivedMs = 600'000;
// Its pipes are closed by its exit, which follows at once.
constexpr int kExitMs = 100;

std::vector<std::string> arguments(const std::string& program, const Config& config,
                                   const Manifest& manifest, const WatchWish& wish) {
  std::vector<std::string> out = host_arguments(program, config, manifest);
  out.push_back("--watch");
  if (wish.events) {
    out.push_back("--events");
  }
  if (wish.samples) {
    out.push_back("--samples");
  }
  out.push_back("--interval-ms");
  out.push_back(std::to_string(wish.interval_ms));
  return out;
}

std::string exit_text(int status) {
  return WIFSIGNALED(status) ? cat("it was ended by signal ", WTERMSIG(status), " (",
                                   strsignal(WTERMSIG(status)), ")")
                             : cat("it ended with exit status ", WEXITSTATUS(status));
}

}  // namespace

Watcher::Watcher(const Config& config, const Manifest& manifest, const WatchWish& wish,
                 const std::string& program)
    : name_(manifest.name),
      patience_ms_(std::int64_t{config.backend_timeout_s} * 1000 + wish.grace_ms),
      child_(name_, arguments(program, config, manifest, wish)),
      log_(name_, true) {
  deadline_ms_ = monotonic_ms() + patience_ms_;
}

void Watcher::add_to(std::vector<pollfd>& polled) const {
  for (const Fd* fd : {&child_.out, &child_.messages}) {
    if (*fd) {
      polled.push_back({fd->get(), POLLIN, 0});
    }
  }
}

std::vector<Message> Watcher::advance() {
  std::vector<Message> out;
  if (ended()) {
    return out;
  }
  // Asked first: what it said before is read below. What it started may hold its output open.
  const bool had_ended = child_.has_ended();
  log_.read_from(child_.messages);
  const std::size_t before = buffer_.size();
  read_available(child_.out, buffer_, kLineBytes);
  if (buffer_.size() > before) {
    deadline_ms_ = monotonic_ms() + patience_ms_;
  }
  try {
    take_lines(out);
  } catch (const Error& error) {
    end(error.what());
    return out;
  }
  if (!child_.out || had_ended) {
    const bool gone = child_.wait_for(kExitMs);
    const int status = child_.status();
    log_.read_from(child_.messages);
    absent_ = !absent_reason_.empty() && gone && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    end(absent_                    ? absent_reason_
        : !log_.farewell().empty() ? log_.farewell()
        : gone                     ? exit_text(status)
                                   : std::string("it closed its output"));
  } else if (monotonic_ms() >= deadline_ms_) {
    end(cat("it said nothing for ", patience_ms_ / 1000, " s and was killed"));
  }
  return out;
}

void Watcher::take_lines(std::vector<Message>& out) {
  std::size_t begin = 0;
  for (std::size_t end; (end = buffer_.find('\n', begin)) != buffer_.npos; begin = end + 1) {
    Message message = parse_message(std::string_view(buffer_).substr(begin, end - begin));
    if (const auto* absent = std::get_if<Absent>(&message)) {
      absent_reason_ = absent->reason;
    }
    out.push_back(std::move(message));
  }
  buffer_.erase(0, begin);
  if (buffer_.size() > kLineBytes) {
    fail("a line is longer than ", kLineBytes, " bytes");
  }
}

void Watcher::end(std::string why) {
  why_ = std::move(why);
  child_.kill_now();
  child_.out.reset();
  child_.messages.reset();
  buffer_.clear();
}

std::int64_t Restarts::ended(std::int64_t now_ms) {
  if (now_ms - started_ms_ >= kLivedMs) {
    in_a_row_ = 0;
  }
  ++count_;
  // Nine doublings are beyond the longest.
  const std::int64_t wait = std::min(kFirstMs << std::min(in_a_row_, 9U), kLongestMs);
  ++in_a_row_;
  return now_ms + wait;
}

}  // namespace xpu::watch
