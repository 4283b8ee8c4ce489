// SPDX-License-Identifier: Apache-2.0
// <state-dir>/health: devices of this boot of which an event said that they do not work as they
// should. What a backend describes (the property "health") needs no mark: a mark is for what only
// an event tells, such as an error that the driver reported once.
//
//   xpu-health 1 BOOT-ID
//   KEY  ID  BACKEND  HEALTH  SINCE  REASON     with tabs between; SINCE in seconds since 1970
//
// Written whole, by rename, by xpud and by `xpu-runtime health --clear`, under health.lock. A mark
// goes when an event says "ok", when the device was removed and comes again, and with the boot.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

struct HealthMark {
  std::string key;      // lease_key() of the device
  std::string id;       // "acme:0", when it was marked
  std::string backend;  // name
  bool failed = false;  // else degraded
  std::int64_t since_unix = 0;
  std::string reason;  // one line
  bool operator==(const HealthMark&) const = default;
};

// Those of this boot; none where there is no file, or one that cannot be believed (others could
// have written it, or it is damaged). One failed open where there is none. Never throws.
std::vector<HealthMark> health_marks(const std::string& state_dir);

// Reads, lets `change` change them, and writes what changed. Throws Error.
void change_health_marks(const std::string& state_dir,
                         const std::function<void(std::vector<HealthMark>&)>& change);

// Why a device counts as failed: the property "health" of its catalog, or a mark of it or of the
// device that it is a part of (`parent_key`: its lease_key()); "" where it does not. To follow "has
// failed: ".
std::string why_failed(const Device& device, std::string_view parent_key,
                       const std::vector<HealthMark>& marks);

// What is known of a device, of the one that it is a part of (nullptr for none) and by their marks.
// The worst counts.
struct DeviceHealth {
  std::string state;                 // "ok", "degraded", "failed"; "" where nobody tells
  std::string reason;                // to follow "has failed: " or "is degraded: "; "" otherwise
  const HealthMark* mark = nullptr;  // where that is why; borrowed from the marks
};
DeviceHealth health_of(const Device& device, const Device* whole,
                       const std::vector<HealthMark>& marks);

}  // namespace xpu
