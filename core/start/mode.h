// SPDX-License-Identifier: Apache-2.0
// `mode` of the configuration: how containers receive what they are given.
//
//   spec    by entries of config.json that are made from what the backends describe
//   cdi     the same from CDI files
//   csv     as spec, of a backend that takes its files from the mount specifications of a platform
//           (its property "delivery" is "csv")
//   legacy  by a hook
//   auto    cdi for a request that is only CDI names, csv where such a backend is concerned, else
//           spec
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "core/plugin/refresh.h"
#include "core/request/request.h"
#include "core/select/select.h"

namespace xpu {

enum class Mode { kSpec, kCdi, kCsv, kLegacy };

inline constexpr std::string_view kModeAuto = "auto";
const char* to_string(Mode mode);

// The mode of a container with this request; of one without a request the mode that this host has
// for most. `backends`: those that the request is about.
Mode mode_of(const Config& config, const Request& request,
             const std::vector<BackendStatus>& backends);

// "spec (detected)" or "csv (as configured)".
std::string mode_text(const Config& config, Mode mode);

// Throws Error for a mode that does not serve any container, naming the key and what to set.
void check_mode(const Config& config, const Request& request);
// The same for a mode that does not serve these devices: `csv` where a backend of the selection has
// no mount specifications.
void check_mode(const Config& config, const Selection& selection,
                const std::vector<BackendStatus>& backends);

}  // namespace xpu
