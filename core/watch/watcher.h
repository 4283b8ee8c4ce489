// SPDX-License-Identifier: Apache-2.0
// A running `xpu-backend-host --watch` of one backend, seen from the program that listens to it.
// For an event loop of one thread: nothing here waits.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/plugin/host_child.h"
#include "core/plugin/manifest.h"
#include "core/watch/message.h"

namespace xpu::watch {

struct WatchWish {
  bool events = true;
  bool samples = true;
  unsigned interval_ms = 5000;  // of samples, 100 to 3600000
  // Silence beyond the deadline of the configuration after which the process is killed.
  unsigned grace_ms = 15000;
};

// The process is ended (with everything that it started) when this goes, for which it has half a
// second. What it logs is logged here under the name of the backend. Start again with a back-off:
// see Restarts.
class Watcher {
 public:
  // Throws Error when it cannot be started. `program`: of tests.
  Watcher(const Config& config, const Manifest& manifest, const WatchWish& wish,
          const std::string& program = installation().host_program);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  const std::string& backend() const { return name_; }
  pid_t pid() const { return child_.pid(); }  // -1 once it has ended
  void add_to(std::vector<pollfd>& polled) const;
  // When advance() wants to be called at the latest, by monotonic_ms().
  std::int64_t due_ms() const { return deadline_ms_; }

  // Reads what is there. A line that is no message ends the process: what says such things has
  // lost its way.
  std::vector<Message> advance();

  // Whether it has ended, and why: "" while it lives. One that says nothing for the deadline of the
  // configuration and 15 s is killed, and has ended then.
  bool ended() const { return !why_.empty(); }
  const std::string& why_ended() const { return why_; }
  // It ended by itself because there is nothing to watch.
  bool absent() const { return absent_; }

 private:
  void take_lines(std::vector<Message>& out);
  void end(std::string why);

  std::string name_, why_, absent_reason_, buffer_;
  bool absent_ = false;
  std::int64_t deadline_ms_ = 0;
  std::int64_t patience_ms_ = 0;
  HostChild child_;
  HostLog log_;
};

// When a process that ended is started again: after 1 s, twice as long each time up to 5 min; from
// the beginning again once one has lived for 10 min.
class Restarts {
 public:
  void started(std::int64_t now_ms) { started_ms_ = now_ms; }
  // The moment at which to start it again.
  std::int64_t ended(std::int64_t now_ms);
  unsigned count() const { return count_; }  // restarts altogether

 private:
  std::int64_t started_ms_ = 0;
  unsigned in_a_row_ = 0, count_ = 0;
};

}  // namespace xpu::watch
