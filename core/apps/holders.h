// SPDX-License-Identifier: Apache-2.0
// What commands about the containers of now show beside their records.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/apps/outside.h"
#include "core/config/config.h"
#include "core/plugin/refresh.h"
#include "core/usage/usage.h"

namespace xpu {

// What each live lease cost until `now`: of none when the journal cannot be read, with a warning:
// who holds what is known all the same. What held its devices beside it counts too: it shares the
// cost.
std::map<std::string, std::string> live_costs(const Config& config, const std::vector<Usage>& live,
                                              std::int64_t now, std::vector<std::string>* warnings);

// Containers that others gave devices of `backends`, as far as the usual runtime roots and those of
// our own containers tell.
std::vector<OutsideRow> outside_of(const Config& config, const std::vector<std::string>& our_roots,
                                   const std::vector<BackendStatus>& backends);

}  // namespace xpu
