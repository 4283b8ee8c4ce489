// SPDX-License-Identifier: Apache-2.0
// From what a look at the host found, and what backends measured, to what is shown.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/apps/outside.h"
#include "core/apps/view.h"
#include "core/attribution/attribution.h"
#include "core/config/config.h"
#include "core/health/health.h"
#include "core/health/lost.h"
#include "core/plugin/refresh.h"
#include "core/record/record.h"
#include "core/watch/message.h"

namespace xpu {

struct Facts {
  std::vector<BackendStatus> backends;
  std::vector<Record> containers;            // that live
  std::map<std::string, std::string> costs;  // so far, by lease
  std::vector<OutsideRow> outside;
  Attribution::Look uses;
  std::vector<HealthMark> marks;
  std::vector<LostDevice> lost;
  std::vector<std::string> warnings;
};

// Looks. May wait: for a backend that has to be asked, for a file system. `refresh`: backends that
// are asked anew whatever the cache says. Never throws: what failed is a warning.
Facts look(const Config& config, Attribution& attribution,
           const std::map<std::string, watch::Sample>& samples,
           const std::vector<std::string>& refresh);

// What the backends' processes say, at one moment.
struct Measured {
  std::int64_t time_ns = 0;                      // of the moment, since 1970
  unsigned interval_s = 1;                       // of samples
  std::map<std::string, watch::Sample> samples;  // by backend, the newest
  std::map<std::string, std::string> problems;   // by backend: why there is none, or no new one
};

View view_of(const Facts& facts, const Measured& measured);

}  // namespace xpu
