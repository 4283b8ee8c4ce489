// SPDX-License-Identifier: Apache-2.0
// The shapes of a log line. Engines parse two of them, so they are exactly what logrus, the logger
// of runc, writes.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "core/log/log.h"

namespace xpu::log {

// `text` as valid UTF-8 without control characters: "\n", "\x1b" and "\xff" are written out. Longer
// than 16 KiB is cut.
std::string printable(std::string_view text);

// "2024-05-01T12:00:00+02:00", local time; "Z" in UTC.
std::string rfc3339(std::time_t time);

// Each ends in a line end.
std::string person_line(std::string_view program, Level level, std::string_view text);
std::string json_line(Level level, std::string_view time, std::string_view text);
std::string text_line(Level level, std::string_view time, std::string_view text);

}  // namespace xpu::log
