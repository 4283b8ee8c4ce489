// SPDX-License-Identifier: Apache-2.0
// The lines and the files of the journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/usage/usage.h"

namespace xpu {

inline constexpr std::int64_t kUsageVersion = 1;

// Without a line end. `boot`: the id of the boot that the event belongs to, "" when unknown.
std::string begin_line(const Usage& usage, const std::string& boot);
std::string stamp_line(const std::string& lease, std::int64_t unix_time, const std::string& boot);
std::string end_line(const Usage& usage, const std::string& boot);

// "usage-2026-11.jsonl" for month_of(1 November 2026), and back; nullopt for another name.
std::string usage_file(int month);
std::optional<int> month_of_usage_file(std::string_view name);

}  // namespace xpu
