// SPDX-License-Identifier: Apache-2.0
// The variables of vendors, which manifests claim.
#pragma once

#include <string>
#include <vector>

#include "core/request/elements.h"
#include "core/request/environment.h"

namespace xpu {

// Those of each backend that are in force: of several about one vendor the first that the manifest
// names. Backends may share one.
std::vector<Source> claimed_sources(const Environment& env,
                                    const std::vector<FoundBackend>& backends);

// The vendors that a device variable is about; empty: every one of the backend.
std::vector<std::string> vendors_of(const Manifest& manifest, const std::string& variable);

// Adds the backends and vendors of one more claim on the same source.
void merge(Source& source, const Source& other);

// As the container, the manifest's rules or its defaults say.
CapabilityRequest capabilities_in(const Environment& env, const Manifest& manifest);
// Without doubles; {"all"} for all.
std::vector<std::string> capability_list(std::string_view value);

}  // namespace xpu
