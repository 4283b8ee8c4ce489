// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/collect.h"

namespace xpu::metrics {
namespace {

constexpr HostEventKind kEventKinds[] = {
    HostEventKind::kAdded,      HostEventKind::kRemoved, HostEventKind::kChanged,
    HostEventKind::kHealth,     HostEventKind::kLost,    HostEventKind::kHealed,
    HostEventKind::kHealFailed, HostEventKind::kStart,   HostEventKind::kStartFailed,
    HostEventKind::kDenied,     HostEventKind::kBackend, HostEventKind::kMessagesLost,
};

double count(std::uint64_t value) {
  return static_cast<double>(value);
}

// What can be counted begins at nothing, so that the first of it is seen as a growth.
void collect_starts(const RuntimeCounters& counters, Families& families) {
  const std::int64_t since = counters.since_ns;
  for (const auto& [start, number] : counters.starts) {
    families.add(Id::kStarts, {to_string(start.first), start.second}, count(number), since);
  }
  for (std::size_t i = 0; i < kStartResults; ++i) {
    families.add(Id::kStarts, {to_string(static_cast<StartResult>(i)), ""}, 0, since);
  }
  families.add(Id::kStartDuration, {}, counters.total, since);
  for (std::size_t i = 0; i < kStartSteps; ++i) {
    families.add(Id::kStepDuration, {to_string(static_cast<StartStep>(i))}, counters.steps[i],
                 since);
  }
  for (const auto& [denial, number] : counters.denials) {
    families.add(Id::kDenials, {denial.first, denial.second ? "denied" : "passed-over"},
                 count(number), since);
  }
  for (const auto& [backend, requests] : counters.caches) {
    families.add(Id::kCacheRequests, {backend, "hit"}, count(requests.hits), since);
    families.add(Id::kCacheRequests, {backend, "miss"}, count(requests.misses), since);
  }
}

void collect_watchers(const Snapshot& snapshot, Families& families) {
  for (const WatcherFacts& watcher : snapshot.watchers) {
    families.add(Id::kWatcherUp, {watcher.backend}, watcher.up ? 1 : 0);
    families.add(Id::kWatcherRestarts, {watcher.backend}, watcher.restarts, snapshot.started_ns);
    families.add(Id::kFailedSamples, {watcher.backend}, count(watcher.failed_samples),
                 snapshot.started_ns);
  }
  for (const auto& [backend, sample] : snapshot.samples) {
    families.add(Id::kSampleTime, {backend}, seconds_of(sample.time_ns));
    families.add(Id::kSampleDuration, {backend}, seconds_of(sample.took_ns));
  }
}

}  // namespace

void collect_runtime(const Snapshot& snapshot, Families& families) {
  families.add(Id::kRuntimeInfo, {snapshot.version}, 1);
  families.add(Id::kDaemonStart, {}, seconds_of(snapshot.started_ns));
  families.add(Id::kSnapshotTime, {}, seconds_of(snapshot.time_ns));
  collect_starts(snapshot.runtime, families);
  for (const HostEventKind kind : kEventKinds) {
    const auto found = snapshot.events.find(kind);
    families.add(Id::kEvents, {to_string(kind)},
                 found == snapshot.events.end() ? 0 : count(found->second), snapshot.started_ns);
  }
  families.add(Id::kServerRestarts, {}, count(snapshot.server_restarts), snapshot.started_ns);
}

void collect_backends(const Snapshot& snapshot, Families& families) {
  constexpr BackendState kStates[] = {BackendState::kReady, BackendState::kAbsent,
                                      BackendState::kRefused, BackendState::kFailed,
                                      BackendState::kDisabled};
  for (const BackendStatus& status : snapshot.backends) {
    if (status.found.is_folder) {  // has no name but its path
      continue;
    }
    const std::string& name = status.found.manifest.name;
    families.add(Id::kBackendInfo, {name, status.catalog.version}, 1);
    for (const BackendState state : kStates) {
      families.add(Id::kBackendState, {name, to_string(state)}, state == status.state ? 1 : 0);
    }
    const bool ready = status.state == BackendState::kReady;
    families.add(Id::kBackendDevices, {name},
                 ready ? static_cast<double>(status.catalog.devices.size()) : 0);
  }
  for (const auto& [backend, time_ns] : snapshot.described_ns) {
    families.add(Id::kCatalogTime, {backend}, seconds_of(time_ns));
  }
  collect_watchers(snapshot, families);
}

}  // namespace xpu::metrics
