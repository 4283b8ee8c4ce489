// SPDX-License-Identifier: Apache-2.0
// [request] of a manifest: by which variables containers ask this backend for something.
#pragma once

#include "core/plugin/manifest.h"
#include "core/plugin/manifest_toml.h"

namespace xpu {

// Throws Error.
void read_request_table(const toml::table& request, const ManifestToml& toml, Manifest& manifest);

// What a refused manifest claims, without any demand on the rest of it.
void read_claims(const toml::table& root, Manifest& manifest);

}  // namespace xpu
