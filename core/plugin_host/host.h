// SPDX-License-Identifier: Apache-2.0
// Runs one backend in a child process and turns whatever happens there into a catalog.
#pragma once

#include <functional>
#include <string>

#include "core/catalog/catalog.h"
#include "core/log/log.h"
#include "core/plugin/manifest.h"
#include "core/plugin_host/child.h"

namespace xpu {

struct HostOutcome {
  Catalog catalog;    // validated, conditions filled in; reason begins "backend NAME: "
  bool hung = false;  // the deadline passed
  // How far it came: kAnswer when close() has returned.
  Phase reached = Phase::kLoad;
};

using LogLine = std::function<void(log::Level, const std::string&)>;

// Everything that the backend says is untrusted. Throws Error only when no process can be started.
HostOutcome run_backend(const Manifest& manifest, const HostLimits& limits, const LogLine& log);

}  // namespace xpu
