// SPDX-License-Identifier: Apache-2.0
// Variables that look like requests: well-known ones that no installed backend claims, and
// misspelt ones.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/manifest.h"
#include "core/request/environment.h"

namespace xpu {

// Warnings that name the package to install. `known_file` is read only when a variable calls for
// it; a file that cannot be read is a warning too, since nobody asked for anything that we serve.
std::vector<std::string> unclaimed_warnings(const Environment& env,
                                            const std::vector<FoundBackend>& backends,
                                            const std::string& known_file);

// A warning for each variable that is almost one of the runtime's own.
std::vector<std::string> misspelt_warnings(const Environment& env);

// The first well-known variable that asks for devices or drivers and that no installed backend
// claims; "" for none. When the file cannot be read, whatever looks like one counts.
std::string unclaimed_asking(const Environment& env, const std::vector<FoundBackend>& backends,
                             const std::string& known_file);

}  // namespace xpu
