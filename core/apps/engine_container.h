// SPDX-License-Identifier: Apache-2.0
// A container of an engine, from what the engine itself says of it.
#pragma once

#include <string>

#include "core/apps/explain.h"
#include "core/config/config.h"
#include "core/request/request.h"

namespace xpu {

struct EngineContainer {
  ExplainSubject subject;
  std::string bundle;  // of its present or last start; "" where there is none that can be read
  Said said;           // without a bundle: what it says
};

// Engines that can be asked, for messages.
inline constexpr const char* kEngines = "docker, podman or containerd";

// `engine`: "docker" and "podman" are asked by their own command lines, with our environment and so
// at the place that it names; of containerd running tasks are found in its folder, `container`
// being an id or NAMESPACE/ID. Throws Error: another engine, one that cannot be reached, a
// container that it does not have (with its own words).
EngineContainer container_of(const Config& config, const std::string& engine,
                             const std::string& container);

}  // namespace xpu
