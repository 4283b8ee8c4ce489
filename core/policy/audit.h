// SPDX-License-Identifier: Apache-2.0
// The audit log: who was denied what, by which rule. JSON lines; no value of a variable or an
// annotation is ever in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/config.h"

namespace xpu {

struct AuditEntry {
  // Denied: the container does not start. Passed over: it starts without what it asked for.
  enum class Event { kDenied, kPassedOver } event = Event::kDenied;
  std::string rule;    // key of [policy]
  std::string source;  // to_string(RequestSource)
  // Of the variable, annotation or mount at fault; what follows a '=' is left out.
  std::string name;
  std::string container, engine, bundle;  // "" for unknown
  std::vector<std::string> devices;       // ids, where they are known
};

// Appends one line to [policy] audit-log ("": nothing), which is at most 10 MiB; what was before
// lies in FILE.1. A log that cannot be written is a warning, never a reason to fail.
void audit_denial(const Config& config, const AuditEntry& entry) noexcept;

// The line without its end. `uid`: of whoever started the runtime.
std::string audit_line(const AuditEntry& entry, std::int64_t unix_time, unsigned uid);

}  // namespace xpu
