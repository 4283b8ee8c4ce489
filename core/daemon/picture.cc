// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/picture.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/log/log.h"

namespace xpu {
namespace {

Told read_journal(const std::string& state_dir) {
  struct stat status = {};
  const bool whole = ::stat(cat(state_dir, '/', kEventsFile, ".1").c_str(), &status) != 0;
  std::vector<HostEvent> events;
  try {
    events = EventReader(state_dir).next();
  } catch (const Error& error) {
    log::warn(cat("what happened before is not known: ", error.what()));
  }
  return Told(events, whole);
}

bool knows_devices(BackendState state) {
  return state == BackendState::kReady || state == BackendState::kAbsent;
}
bool is_broken(BackendState state) {
  return state == BackendState::kFailed || state == BackendState::kRefused;
}

// "failed" before "degraded" before "ok" and whatever else.
int badness(std::string_view health) {
  return health == "failed" ? 2 : health == "degraded" ? 1 : 0;
}
const char* health_word(int badness) {
  return badness == 2 ? "failed" : badness == 1 ? "degraded" : "ok";
}

void log_event(const HostEvent& event) {
  const std::string sentence = sentence_of(event);
  switch (event.kind) {
    case HostEventKind::kStart:
    case HostEventKind::kStartFailed:
    case HostEventKind::kDenied:
      // The engine's user was told.
      return log::debug(sentence);
    case HostEventKind::kLost:
    case HostEventKind::kHealFailed:
    case HostEventKind::kMessagesLost:
      return log::warn(sentence);
    case HostEventKind::kHealth:
      return event.health == "ok" ? log::info(sentence) : log::warn(sentence);
    default:
      return log::info(sentence);
  }
}

std::string seen_as(const std::string& backend, const std::string& reason) {
  const std::string prefix = cat("backend ", backend, ": ");
  return reason.starts_with(prefix) ? reason.substr(prefix.size()) : reason;
}

}  // namespace

Picture::Picture(std::string state_dir)
    : state_dir_(std::move(state_dir)),
      told_(read_journal(state_dir_)),
      marks_(health_marks(state_dir_)) {}

std::vector<std::string> Picture::take(std::vector<BackendStatus> looked_at, bool everything,
                                       const Bursts& bursts, std::string_view cause) {
  std::vector<HostEvent> events;
  std::vector<std::string> changed, present;
  static const std::vector<watch::Event> kNone;
  marks_ = health_marks(state_dir_);
  for (BackendStatus& status : looked_at) {
    const std::string name = status.found.manifest.name;
    present.push_back(name);
    const auto old = std::find_if(statuses_.begin(), statuses_.end(),
                                  [&](const auto& one) { return one.found.manifest.name == name; });
    const std::size_t told_before = events.size();
    const bool is_new = old == statuses_.end() || old->state != status.state;
    take_state(old == statuses_.end() ? nullptr : &*old, status, events);
    const auto burst = bursts.find(name);
    if (knows_devices(status.state)) {
      described_ns_[name] = wall_clock_ns();
      take_devices(
          name,
          status.state == BackendState::kReady ? known_devices(status.catalog) : KnownDevices(),
          burst == bursts.end() ? kNone : burst->second, cause, events);
    } else if (status.state == BackendState::kDisabled) {
      take_devices(name, {}, kNone, "its backend is disabled", events);
    }
    if (is_new || events.size() != told_before) {
      changed.push_back(name);
    }
    if (old == statuses_.end()) {
      statuses_.push_back(std::move(status));
    } else {
      *old = std::move(status);
    }
  }
  if (everything) {
    std::set<std::string> gone = told_.backends();
    for (const BackendStatus& status : statuses_) {
      gone.insert(status.found.manifest.name);
    }
    for (const std::string& name : gone) {
      if (!contains(present, name)) {
        take_devices(name, {}, kNone, cat("the backend ", name, " is not installed any more"),
                     events);
        changed.push_back(name);
      }
    }
    std::erase_if(statuses_, [&](const BackendStatus& status) {
      return !contains(present, status.found.manifest.name);
    });
  }
  tell(std::move(events));
  return changed;
}

void Picture::take_state(const BackendStatus* before, const BackendStatus& now,
                         std::vector<HostEvent>& events) {
  const std::string& name = now.found.manifest.name;
  HostEvent event;
  event.kind = HostEventKind::kBackend;
  event.backend = name;
  if (is_broken(now.state)) {
    const bool same = before != nullptr && before->state == now.state;
    event.reason = cat("it is ", to_string(now.state), ": ", seen_as(name, now.reason));
    if (!same && told_.of_backend(name) != event.reason) {
      events.push_back(std::move(event));
    }
  } else if (now.state == BackendState::kReady &&
             (before != nullptr ? is_broken(before->state)
                                : told_.of_backend(name).starts_with("it is "))) {
    event.reason = "works again";
    events.push_back(std::move(event));
  }
}

void Picture::take_devices(const std::string& backend, KnownDevices now,
                           const std::vector<watch::Event>& burst, std::string_view cause,
                           std::vector<HostEvent>& events) {
  const auto known = known_.find(backend);
  const KnownDevices before =
      known != known_.end() ? std::move(known->second) : told_.devices_of(backend, now);
  const std::vector<HostEvent> found = difference(before, now, burst, cause, wall_clock_ns());
  known_[backend] = std::move(now);
  forget_marks(found);
  events.insert(events.end(), found.begin(), found.end());
  compare_health(backend, events);
}

// A device that was away is another one now, as far as anybody can tell.
void Picture::forget_marks(const std::vector<HostEvent>& events) {
  std::vector<std::string> keys;
  for (const HostEvent& event : events) {
    const bool again = event.kind == HostEventKind::kAdded && told_.spoke_of(event.key);
    if (again && std::any_of(marks_.begin(), marks_.end(),
                             [&](const HealthMark& mark) { return mark.key == event.key; })) {
      keys.push_back(event.key);
    }
  }
  if (!keys.empty()) {
    change_marks([&](std::vector<HealthMark>& marks) {
      std::erase_if(marks, [&](const HealthMark& mark) { return contains(keys, mark.key); });
    });
  }
}

// What the description says, and marks of which the journal does not know yet.
void Picture::compare_health(const std::string& backend, std::vector<HostEvent>& events) {
  for (const auto& [key, device] : known_[backend]) {
    int worst = badness(device.health);
    std::string reason = device.health_reason.empty() ? std::string("so its backend describes it")
                                                      : device.health_reason;
    for (const HealthMark& mark : marks_) {
      const int marked = mark.failed ? 2 : 1;
      if (mark.key == key && marked > worst) {
        worst = marked;
        reason = mark.reason;
      }
    }
    // What is added now was healthy as far as the journal is concerned.
    const bool is_added =
        std::any_of(events.begin(), events.end(), [&key = key](const HostEvent& event) {
          return event.kind == HostEventKind::kAdded && event.key == key;
        });
    const std::string said = is_added ? "ok" : told_.health_of(key);
    if (said == health_word(worst)) {
      continue;
    }
    HostEvent event;
    event.kind = HostEventKind::kHealth;
    event.backend = backend;
    event.device = device.id;
    event.key = key;
    event.health = health_word(worst);
    event.reason = std::move(reason);
    events.push_back(std::move(event));
  }
}

void Picture::take_health(const std::string& backend, const watch::Event& event) {
  const KnownDevices& devices = known_[backend];
  const auto found = device_called(devices, event.device);
  if (found == devices.end()) {
    log::warn(cat("backend ", backend, " says that a device ", event.device,
                  ", which it did not describe, is ", watch::to_string(event.health), ": ",
                  event.reason));
    return;
  }
  const std::string& key = found->first;
  const std::string health = watch::to_string(event.health);
  const bool good = event.health == watch::Health::kOk;
  const HealthMark mark{key,
                        found->second.id,
                        backend,
                        event.health == watch::Health::kFailed,
                        event.time_ns / 1000000000,
                        event.reason};
  marks_ = health_marks(state_dir_);
  const auto old = std::find_if(marks_.begin(), marks_.end(),
                                [&](const HealthMark& one) { return one.key == key; });
  const bool known = old == marks_.end()
                         ? good
                         : !good && old->failed == mark.failed && old->reason == mark.reason;
  if (known && told_.health_of(key) == health) {
    return;  // the source repeats itself
  }
  change_marks([&](std::vector<HealthMark>& marks) {
    std::erase_if(marks, [&](const HealthMark& one) { return one.key == key; });
    if (!good) {
      marks.push_back(mark);
    }
  });
  HostEvent said;
  said.time_ns = event.time_ns;
  said.kind = HostEventKind::kHealth;
  said.backend = backend;
  said.device = found->second.id;
  said.key = key;
  said.health = health;
  said.reason = event.reason;
  tell({std::move(said)});
}

void Picture::take_live(const std::vector<Record>& live) {
  marks_ = health_marks(state_dir_);
  lost_ = lost_devices(live, statuses_, marks_);
  std::vector<HostEvent> events;
  for (const LostDevice& lost : lost_) {
    if (told_.is_lost(lost.container, lost.key)) {
      continue;
    }
    HostEvent event;
    event.kind = HostEventKind::kLost;
    event.device = lost.device;
    event.key = lost.key;
    event.reason = lost.reason;
    event.container.id = lost.container;
    for (const Record& record : live) {
      if (record.id == lost.container && record.runtime_root == lost.runtime_root) {
        event.container = {record.id, record.origin.name, record.origin.engine, record.origin.pod,
                           record.origin.pod_namespace};
      }
    }
    for (const auto& [backend, devices] : known_) {
      if (devices.contains(lost.key)) {
        event.backend = backend;
      }
    }
    events.push_back(std::move(event));
  }
  tell(std::move(events));
}

void Picture::tell(std::vector<HostEvent> events) {
  if (events.empty()) {
    return;
  }
  for (HostEvent& event : events) {
    event.time_ns = event.time_ns == 0 ? wall_clock_ns() : event.time_ns;
    log_event(event);
    told_.add(event);
    ++counts_[event.kind];
  }
  try {
    append_events(state_dir_, events);
  } catch (const Error& error) {
    log::error(cat("what happened is not in the journal: ", error.what()));
  }
}

void Picture::change_marks(const std::function<void(std::vector<HealthMark>&)>& change) {
  try {
    change_health_marks(state_dir_, change);
  } catch (const Error& error) {
    log::error(cat("the health of devices cannot be kept: ", error.what()));
  }
  marks_ = health_marks(state_dir_);
}

}  // namespace xpu
