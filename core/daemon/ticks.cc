// SPDX-License-Identifier: Apache-2.0
// What is done at the clock of the samples: who holds and uses what, for journal and metrics.
#include <algorithm>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/daemon/daemon.h"
#include "core/log/log.h"
#include "core/metrics/render.h"

namespace xpu {
namespace {

HostEvent event_of(const StartReport& report) {
  HostEvent event;
  event.time_ns = report.time_ns;
  event.container = {report.container, report.name, report.engine, report.pod,
                     report.pod_namespace};
  switch (report.result) {
    case StartResult::kStarted:
      event.kind = HostEventKind::kStart;
      event.reason = cat("with ", joined(report.devices));
      break;
    case StartResult::kWithoutDevices:
      event.kind = HostEventKind::kStart;
      event.reason = cat("without devices: ", report.reason);
      break;
    case StartResult::kDenied:
      event.kind = HostEventKind::kDenied;
      event.rule = report.rule;
      event.reason = report.reason;
      break;
    case StartResult::kBusy:
    case StartResult::kFailed:
      event.kind = HostEventKind::kStartFailed;
      event.reason = report.reason;
      break;
  }
  return event;
}

}  // namespace

void Daemon::take_reports() {
  std::vector<HostEvent> events;
  for (const StartReport& report : reports_->next()) {
    counters_.add(report);
    events.push_back(event_of(report));
  }
  picture_.tell(std::move(events));
}

void Daemon::tick() {
  // Samples bring it forward; without them it comes by itself.
  tick_ms_ = now_ms_ + std::int64_t{config_->sample_s} * 1000 + 500;
  try {
    const std::vector<Record>& live = containers_.live(*config_);
    picture_.take_live(live);
    publish(live);
  } catch (const Error& error) {
    log::error(error.what());
  }
}

void Daemon::publish(const std::vector<Record>& live) {
  if (!serving_.on()) {
    return;
  }
  metrics::Snapshot snapshot;
  snapshot.time_ns = wall_clock_ns();
  snapshot.version = XPU_VERSION;
  snapshot.started_ns = started_ns_;
  snapshot.backends = picture_.statuses();
  snapshot.described_ns = picture_.described_ns();
  snapshot.watchers = watchers_.facts();
  snapshot.samples = watchers_.samples();
  snapshot.containers = live;
  snapshot.uses = attribution_.look(live, picture_.statuses(), watchers_.samples()).containers;
  snapshot.marks = picture_.marks();
  snapshot.lost = picture_.lost();
  snapshot.runtime = counters_;
  snapshot.events = picture_.counts();
  snapshot.server_restarts = serving_.restarts();
  serving_.publish(metrics::texts(snapshot));
}

}  // namespace xpu
