// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/metrics/snapshot.h"
#include "core/plugin/refresh.h"
#include "core/watch/watcher.h"

namespace xpu {

// What was heard of one backend's process.
struct Heard {
  std::string backend;
  std::vector<watch::Message> messages;
  std::string ended;  // why it ended, and what becomes of it; "" for nothing to tell
  bool works_again = false;
};

// The processes that watch the backends, one each: started where there is something to watch, and
// again when they end, later each time. For one thread; nothing here waits.
class Watchers {
 public:
  // Starts what `statuses` has and there is none of, ends what it does not have any more or has
  // otherwise (`config`, options, a library that was replaced). One that found nothing to watch is
  // tried again when `changed` names it.
  void adjust(const Config& config, const std::vector<BackendStatus>& statuses,
              const std::vector<std::string>& changed, std::int64_t now_ms);

  void add_to(std::vector<pollfd>& polled) const;
  // When advance() is to be called at the latest; nullopt: no time.
  std::optional<std::int64_t> due_ms() const;
  std::vector<Heard> advance(std::int64_t now_ms);

  // Of those that run or are to run.
  std::vector<metrics::WatcherFacts> facts() const;
  // The newest samples.
  const std::map<std::string, watch::Sample>& samples() const { return samples_; }

 private:
  struct One {
    Manifest manifest;
    std::string terms;  // everything that it was started with
    std::unique_ptr<watch::Watcher> watcher;
    watch::Restarts restarts;
    std::optional<std::int64_t> start_ms;  // null: not before something changes
    std::optional<watch::Ready> ready;
    bool failed = false;  // it was told that it ended, and not yet that it works again
    std::uint64_t failed_samples = 0;
  };

  void start(One& one, std::int64_t now_ms, Heard& heard);
  void take(One& one, Heard& heard);
  void end(One& one, const std::string& why, std::int64_t now_ms, Heard& heard);

  Config config_;
  std::map<std::string, One> all_;
  std::map<std::string, watch::Sample> samples_;
};

}  // namespace xpu
