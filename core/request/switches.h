// SPDX-License-Identifier: Apache-2.0
// What a container says to one backend besides devices and capabilities: features that it switches
// on, requirements that its image states.
#pragma once

#include <vector>

#include "core/request/environment.h"
#include "core/request/request.h"

namespace xpu {

std::vector<FeatureRequest> features_in(const Environment& env, const Manifest& manifest);
std::vector<RequirementRequest> requirements_in(const Environment& env, const Manifest& manifest);

}  // namespace xpu
