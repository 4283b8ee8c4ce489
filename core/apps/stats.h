// SPDX-License-Identifier: Apache-2.0
// What `xpu-runtime stats` prints.
#pragma once

#include <string>

#include "core/apps/grid.h"
#include "core/apps/view.h"

namespace xpu {

// One line for each container.
std::string stats_text(const View& view, bool memory_breakdown, std::size_t width,
                       const Glyphs& glyphs);
// All that is known of one of them.
std::string stats_text(const View& view, const ContainerView& container, bool memory_breakdown,
                       std::size_t width, const Glyphs& glyphs);
// One object in one line.
std::string stats_json(const View& view);

}  // namespace xpu
