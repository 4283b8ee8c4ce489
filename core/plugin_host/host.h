// SPDX-License-Identifier: Apache-2.0
// Runs one backend in a child process and turns whatever happens there into a catalog.
#pragma once

#include "core/catalog/catalog.h"
#include "core/plugin/manifest.h"
#include "core/plugin_host/child.h"
#include "core/plugin_host/lines.h"

namespace xpu {

struct HostOutcome {
  Catalog catalog;    // validated, conditions filled in; reason begins "backend NAME: "
  bool hung = false;  // the deadline passed
  // How far it came: kAnswer when close() has returned.
  Phase reached = Phase::kLoad;
};

// Everything that the backend says is untrusted. Throws Error only when no process can be started.
HostOutcome run_backend(const Manifest& manifest, const HostLimits& limits, const LogLine& log);

}  // namespace xpu
