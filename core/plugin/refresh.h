// SPDX-License-Identifier: Apache-2.0
// Catalogs of the backends: from the cache while its conditions hold, else from a backend host.
#pragma once

#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/config/config.h"
#include "core/plugin/manifest.h"

namespace xpu {

enum class BackendState { kReady, kAbsent, kRefused, kFailed, kDisabled };
const char* to_string(BackendState state);  // "ready", "absent", "refused", "failed", "disabled"

struct BackendStatus {
  FoundBackend found;
  BackendState state = BackendState::kAbsent;
  std::string reason;
  Catalog catalog;  // valid with kReady; conditions also with kAbsent and kFailed
  bool from_cache = false;
};

enum class Freshness { kCacheIfValid, kRefresh };

// Brings the named backends (all when `names` is empty) up to date: hosts of several stale backends
// run in parallel, each under its own lock and deadline. One backend's failure is its own status,
// never an exception. A cache that cannot be read or written costs time, not correctness. A backend
// that hung is not started again before its quarantine ends (30 s, doubling to 1 h); kRefresh
// ignores the quarantine.
std::vector<BackendStatus> load_backends(const Config& config,
                                         const std::vector<FoundBackend>& found,
                                         const std::vector<std::string>& names,
                                         Freshness freshness);

}  // namespace xpu
