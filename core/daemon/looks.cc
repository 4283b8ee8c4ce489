// SPDX-License-Identifier: Apache-2.0
// What watchers say, and the looks at the host that follow.
#include <unistd.h>

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/daemon/daemon.h"
#include "core/daemon/load_file.h"
#include "core/log/log.h"
#include "core/plugin/host_process.h"

namespace xpu {
namespace {

// Everything is looked at so often, whatever is heard: detection paths, manifests, conditions.
constexpr std::int64_t kLookMs = 60'000;
// Samples of several backends come at about one time.
constexpr std::int64_t kTickAfterSampleMs = 100;

// Two more elements of `choose`: overloads for std::visit.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

void Daemon::hear() {
  for (const Heard& heard : watchers_.advance(now_ms_)) {
    HostEvent event;
    event.kind = HostEventKind::kBackend;
    event.backend = heard.backend;
    if (heard.works_again) {
      event.reason = "it is watched again";
      picture_.tell({event});
    }
    for (const watch::Message& message : heard.messages) {
      std::visit(
          Overloaded{[&](const watch::Event& said) { hear_event(heard.backend, said); },
                     [&](const watch::Sample& said) { hear_sample(heard.backend, said); },
                     [&](const watch::Failed& said) { hear_failure(heard.backend, said.reason); },
                     // What happened before it watched, nobody has told.
                     [&](const watch::Ready&) { bursts_[heard.backend].add(now_ms_); },
                     [&](const watch::Absent& said) {
                       log::debug(cat("backend ", heard.backend,
                                      ": there is nothing to watch: ", said.reason));
                     },
                     [](const watch::Alive&) {}},
          message);
    }
    if (!heard.ended.empty()) {
      event.reason = heard.ended;
      picture_.tell({event});
    }
  }
}

void Daemon::hear_event(const std::string& backend, const watch::Event& event) {
  if (event.kind == watch::EventKind::kHealth) {
    picture_.take_health(backend, event);
    tick_ms_ = now_ms_;
  } else {
    must_describe_.insert(backend);
  }
  if (event.kind == watch::EventKind::kLost) {
    HostEvent lost;
    lost.kind = HostEventKind::kMessagesLost;
    lost.backend = backend;
    lost.reason = event.reason;
    lost.time_ns = event.time_ns;
    picture_.tell({lost});
  }
  events_[backend].push_back(event);
  bursts_[backend].add(now_ms_);
}

void Daemon::hear_sample(const std::string& backend, const watch::Sample& sample) {
  failing_.erase(backend);
  tick_ms_ = std::min(tick_ms_, now_ms_ + kTickAfterSampleMs);
  for (const BackendStatus& status : picture_.statuses()) {
    if (status.found.manifest.name != backend || status.state != BackendState::kReady) {
      continue;
    }
    try {
      write_load(config_->state_dir, backend, load_text(sample, status.catalog, boot_id()));
    } catch (const Error& error) {
      if (failing_.insert(backend).second) {
        log::warn(cat("how busy devices are is not known to those who choose: ", error.what()));
      }
    }
  }
}

void Daemon::hear_failure(const std::string& backend, const std::string& reason) {
  if (failing_.insert(backend).second) {
    log::warn(cat("backend ", backend, ": its devices cannot be measured: ", reason));
  }
}

// One thing at a time; what somebody waits for comes first.
void Daemon::give_work() {
  now_ms_ = monotonic_ms();
  if (worker_.busy()) {
    return;
  }
  Task task;
  task.config = config_;
  if (!look_at_bursts(task)) {
    if (look_ms_ <= now_ms_) {
      task.everything = true;
      look_ms_ = now_ms_ + kLookMs;
    } else if (publish_wanted_) {
      task.publish = true;
      task.known = picture_.statuses();
      publish_wanted_ = false;
    } else if (heal_clock_.is_due(now_ms_)) {
      heal_clock_.done(now_ms_);
      if (!wants_healing(task)) {
        return;
      }
    } else {
      return;
    }
  }
  task_ = std::move(task);
  outcome_ = Outcome();
  worker_.begin([this] { outcome_ = perform(task_); });
}

// Only root may, and only where there are containers.
bool Daemon::wants_healing(Task& task) {
  if (!config_->heal || ::geteuid() != 0) {
    return false;
  }
  try {
    task.live = containers_.live(*config_);
  } catch (const Error& error) {
    log::error(error.what());
  }
  task.heal = !task.live.empty();
  task.known = picture_.statuses();
  return task.heal;
}

bool Daemon::look_at_bursts(Task& task) {
  for (auto& [backend, burst] : bursts_) {
    const std::optional<std::int64_t> due = burst.due_ms();
    if (!due || *due > now_ms_) {
      continue;
    }
    burst.act(now_ms_);
    task.backends.push_back(backend);
    looking_at_[backend] = std::move(events_[backend]);
    events_.erase(backend);
    if (must_describe_.erase(backend) > 0) {
      task.freshness = Freshness::kRefresh;
    }
  }
  return !task.backends.empty();
}

void Daemon::take_outcome() {
  for (const std::string& change : outcome_.changes) {
    log::info(change);
  }
  for (const std::string& problem : outcome_.problems) {
    log::error(problem);
  }
  if (task_.everything || !task_.backends.empty()) {
    take_look();
  }
  if (task_.heal) {
    take_healed();
  }
  task_ = Task();
  outcome_ = Outcome();
}

void Daemon::take_look() {
  const std::string_view cause =
      first_look_ ? "found when xpud began to look" : "found when xpud looked again";
  const std::vector<std::string> changed =
      picture_.take(std::move(outcome_.statuses), task_.everything, looking_at_, cause);
  looking_at_.clear();
  first_look_ = false;
  watchers_.adjust(*config_, picture_.statuses(), changed, now_ms_);
  if (!changed.empty()) {
    publish_wanted_ = true;
    heal_clock_.driver_came(now_ms_);
    tick_ms_ = now_ms_;
  }
}

void Daemon::take_healed() {
  std::vector<HostEvent> events;
  std::set<std::string> not_healed;
  for (const Healed& healed : outcome_.healed) {
    const std::string line = cat(healed.runtime_root, "\n", healed.container, "\n", healed.what);
    if (!healed.done) {
      not_healed.insert(line);
      if (not_healed_.contains(line)) {
        continue;
      }
    }
    HostEvent event;
    event.kind = healed.done ? HostEventKind::kHealed : HostEventKind::kHealFailed;
    event.reason = healed.what;
    event.container.id = healed.container;
    for (const Record& record : task_.live) {
      if (record.id == healed.container && record.runtime_root == healed.runtime_root) {
        event.container = {record.id, record.origin.name, record.origin.engine, record.origin.pod,
                           record.origin.pod_namespace};
      }
    }
    events.push_back(std::move(event));
  }
  not_healed_ = std::move(not_healed);
  picture_.tell(std::move(events));
}

}  // namespace xpu
