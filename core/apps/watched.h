// SPDX-License-Identifier: Apache-2.0
// Looks at the host again and again, for a program that shows it: processes that watch the
// backends, and a worker for what may wait. Works without xpud.
#pragma once

#include <poll.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/apps/facts.h"
#include "core/config/config.h"
#include "core/daemon/watchers.h"
#include "core/daemon/worker.h"

namespace xpu {

class Watched {
 public:
  // `interval_s`: of samples and looks, 1 to 3600. Throws Error.
  Watched(const Config& config, unsigned interval_s);
  // Ends the processes, and waits for a look that goes on: see busy().
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // What to wait for, and how long at most.
  void add_to(std::vector<pollfd>& polled) const;
  int wait_ms(std::int64_t now_ms) const;
  // Takes what has come. Never waits. True when there is something new to show.
  bool advance(std::int64_t now_ms);

  // Whether everything that can be shown was seen: every backend has said `samples` samples, cannot
  // say any or has a problem, and a look came after that.
  bool complete(unsigned samples) const;
  // A look goes on, and may do so for as long as a backend's deadline. Who will not wait for that
  // calls stop_watching() and ends by _exit().
  bool busy() const { return worker_.busy(); }
  void stop_watching();
  bool looked() const { return looks_ > 0; }
  View view() const;

 private:
  struct Heed {
    unsigned samples = 0;
    bool none = false;  // it has ended for good, or measures nothing
    std::string problem;
  };

  std::int64_t look_due_ms() const;
  void begin_look(std::int64_t now_ms);
  void take_heard(const Heard& heard);

  Config config_;
  Watchers watchers_;
  Attribution attribution_;
  std::map<std::string, Heed> heeded_;  // by backend
  std::set<std::string> refresh_;       // backends of which an event came
  Facts facts_, next_;
  std::map<std::string, watch::Sample> samples_;  // of the look that goes on
  std::vector<std::string> asked_;
  unsigned looks_ = 0;
  bool new_samples_ = false;  // since the last look was begun
  std::int64_t begun_ms_ = 0;
  Worker worker_;  // the last: what it works on goes after it
};

}  // namespace xpu
