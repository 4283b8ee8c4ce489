// SPDX-License-Identifier: Apache-2.0
// The account of a lease, from its record.
#pragma once

#include "core/config/config.h"
#include "core/record/record.h"
#include "core/usage/usage.h"

namespace xpu {

// What a container that is recorded uses; without an end.
Usage usage_of(const Record& record);

// An account that cannot be written is a warning, never a reason to keep a container from starting.
void begin_account(const Config& config, const Record& record) noexcept;
// Warns, and throws Error, so that whoever tells of the end (OnDead) does it again.
void end_account(const Config& config, const Record& record, std::int64_t end_unix, bool estimated);
// Somebody asked for the container to be deleted.
void stamp_account(const Config& config, const Record& record, std::int64_t unix_time) noexcept;

}  // namespace xpu
