// SPDX-License-Identifier: Apache-2.0
// [cdi] of a manifest: by which kinds of CDI devices containers ask for the devices of this
// backend.
#pragma once

#include "core/plugin/manifest.h"
#include "core/plugin/manifest_toml.h"

namespace xpu {

// Throws Error.
void read_cdi_table(const toml::table& cdi, const ManifestToml& toml, Manifest& manifest);

// The kinds of a refused manifest, without any demand on the rest of it.
void read_cdi_claims(const toml::table& root, Manifest& manifest);

}  // namespace xpu
