// SPDX-License-Identifier: Apache-2.0
// The pages of `xpu-runtime monitor` that take one thing apart, and cells that tables share.
#pragma once

#include <optional>
#include <string>

#include "core/apps/monitor_tables.h"

namespace xpu {

// Of every engine of every device: how busy it is, and below it the containers that make it so.
Pane usage_pane(const View& view);
// Of every device its memory, and below it the containers and processes that have some of it.
Pane memory_pane(const View& view);

Cell memory_cell(const std::optional<double>& used, const std::optional<double>& total);
// nullptr: not known.
Cell busy_cell(const Labelled* engine);
// "4.2s", "75s", "3h 5m": of time that an engine worked.
std::string seconds_text(double seconds);

}  // namespace xpu
