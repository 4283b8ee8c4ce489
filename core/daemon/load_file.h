// SPDX-License-Identifier: Apache-2.0
// The writer of core/choose/load.h.
#pragma once

#include <string>

#include "core/catalog/catalog.h"
#include "core/watch/message.h"

namespace xpu {

// Free memory is memory-total without memory-used; how busy a device is, is the busiest of its
// engines that are not the memory's. Devices of which the sample tells neither are left out. What
// samples call a device by is looked up in the catalog.
std::string load_text(const watch::Sample& sample, const Catalog& catalog, std::string_view boot);

// <state_dir>/load/<backend>.json. Throws Error.
void write_load(const std::string& state_dir, const std::string& backend, const std::string& text);

}  // namespace xpu
