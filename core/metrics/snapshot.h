// SPDX-License-Identifier: Apache-2.0
// Everything that metrics are made of, as plain values of one moment.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/attribution/attribution.h"
#include "core/events/events.h"
#include "core/health/health.h"
#include "core/health/lost.h"
#include "core/plugin/refresh.h"
#include "core/record/record.h"
#include "core/report/counters.h"
#include "core/watch/message.h"

namespace xpu::metrics {

// A process that watches a backend.
struct WatcherFacts {
  std::string backend;
  bool up = false;        // it runs and has said what it can do
  unsigned restarts = 0;  // since xpud was started
  std::uint64_t failed_samples = 0;
};

struct Snapshot {
  std::int64_t time_ns = 0;  // of this moment, since 1970
  std::string version;       // of the program
  std::int64_t started_ns = 0;

  std::vector<BackendStatus> backends;
  // By backend: when it last described the host or its description was found to be still true.
  std::map<std::string, std::int64_t> described_ns;
  std::vector<WatcherFacts> watchers;
  std::map<std::string, watch::Sample> samples;  // by backend: the newest

  std::vector<Record> containers;  // that live and hold devices
  std::vector<Attributed> uses;
  std::vector<HealthMark> marks;
  std::vector<LostDevice> lost;

  RuntimeCounters runtime;
  std::map<HostEventKind, std::uint64_t> events;  // since xpud was started
  std::uint64_t server_restarts = 0;              // of the metrics server
};

}  // namespace xpu::metrics
