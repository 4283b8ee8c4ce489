// SPDX-License-Identifier: Apache-2.0
// Devices that are asked for by names of CDI.
//
// A name of a backend's kind, the runtime's own (xpu.dev/VENDOR) or one that the manifest lists, is
// the backend's device, described as it is now: a CDI file about it can be older than the driver.
// Every other name, one of a listed kind that the backend does not know and, where mode = "cdi",
// each name is looked up in the CDI files. A file with devices of the request then is one more
// backend, called "cdi:FILE". Policy and leases are about the hardware behind its devices
// (hardware.h), and policy also about the vendors whose the kind is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/plugin/refresh.h"
#include "core/request/request.h"

namespace xpu {

// The backends that have to describe the host for the request: names; empty for all; nullopt for
// none.
std::optional<std::vector<std::string>> backends_needed(const Request& request,
                                                        const std::vector<FoundBackend>& found,
                                                        const Config& config);

// Puts in place of each qualified name the device that it stands for, and adds what CDI files
// describe. Throws Error: a device that is nowhere defined, or in two files; a file that cannot be
// used; a node or hook of it that is not there or not trusted; with mode = "cdi" a name without a
// kind where there is no default-kind.
void resolve_names(Request& request, std::vector<BackendStatus>& backends, const Config& config);

}  // namespace xpu
