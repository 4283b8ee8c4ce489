// SPDX-License-Identifier: Apache-2.0
// What `xpu-runtime ps` prints: who holds which device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/apps/health_view.h"
#include "core/apps/outside.h"
#include "core/lease/lease.h"
#include "core/record/record.h"

namespace xpu {

struct PsRow {
  Record record;     // of a container that lives
  std::string cost;  // so far, "1.23 USD"; "" for one that costs nothing known
};

struct PsView {
  std::int64_t now_unix = 0;
  std::string state_dir;  // whose leases these are, for messages
  std::vector<PsRow> rows;
  std::vector<Waiter> waiting;
  std::vector<OutsideRow> outside;
  std::vector<HealthRow> devices;
  std::vector<LostDevice> lost;
};

// A table of at most 80 columns where names and images can be cut to fit.
std::string ps_text(const PsView& view);
std::string ps_json(const PsView& view);

// "pod-namespace/pod/name", as much of it as is known; "-" for nothing.
std::string name_of(const Origin& origin);

// "acme:0-7" for devices in a row; "-" for none.
std::string devices_text(const std::vector<std::string>& ids);

// "exclusive", "shared", or "" where nothing is held.
std::string sharing_of(const Record& record);

// "45s", "3m", "2h 5m", "3d 4h"; nothing below a second.
std::string age_text(std::int64_t seconds);

}  // namespace xpu
