// SPDX-License-Identifier: Apache-2.0
// What `xpu-runtime health` prints: which devices work, and what containers lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/health/lost.h"

namespace xpu {

struct HealthRow {
  std::string id, key, backend;
  std::string state;                    // "ok", "degraded", "failed"; "" where nobody tells
  std::string reason;                   // "" with "ok" and ""
  bool marked = false;                  // an event told; `health --clear` forgets it
  std::int64_t since_unix = 0;          // with `marked`
  std::vector<std::string> containers;  // that hold it
  bool unhealthy() const { return state == "failed" || state == "degraded"; }
};

// Of every device of backends that are ready, and of marks of devices that no backend has.
std::vector<HealthRow> health_rows(const std::vector<BackendStatus>& backends,
                                   const std::vector<HealthMark>& marks,
                                   const std::vector<Record>& live);

// "the container web (0123456789ab) holds acme:0, which is not there any more"
std::string lost_text(const LostDevice& lost);
std::string lost_json(const std::vector<LostDevice>& lost);      // an array
std::string unhealthy_json(const std::vector<HealthRow>& rows);  // of those that are; an array

std::string health_text(const std::vector<HealthRow>& rows, const std::vector<LostDevice>& lost);
std::string health_json(const std::vector<HealthRow>& rows, const std::vector<LostDevice>& lost);

// Forgets the marks of a device by whatever name a request may use, its key, or its id when it was
// marked; says what it did. Throws Error where there is no mark of it.
std::string clear_health(const std::string& state_dir, const std::string& device,
                         const std::vector<BackendStatus>& backends);

}  // namespace xpu
