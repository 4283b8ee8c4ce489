// SPDX-License-Identifier: Apache-2.0
// What one backend gives along with the devices that were chosen of it.
#pragma once

#include <string>
#include <vector>

#include "core/select/select.h"

namespace xpu {

// The key that limits how many devices a container may have.
inline const char* limit_rule(const Config& config) {
  return config.enable_multi_gpu ? "max-devices-per-container" : "enable-multi-gpu";
}

// All throw Error for what cannot be given.

// In catalog order, without features.
std::vector<std::string> choose_capabilities(const Request& request, const BackendStatus& backend,
                                             const Config& config);

std::vector<SelectedFeature> choose_features(const Request& request, const BackendStatus& backend,
                                             const Config& config);

// Every device meets every requirement of the image.
void check_requirements(const Request& request, const BackendStatus& backend,
                        const std::vector<const Device*>& devices, const Config& config);

// The elements that there are of a feature, in catalog order.
std::vector<std::string> items_of(const BackendStatus& backend, const std::string& feature);

// "a, b and 3 more"
std::string listed(const std::vector<std::string>& words);

// The backend or feature of that name; null when there is none.
const BackendStatus* backend_called(const std::vector<BackendStatus>& backends,
                                    const std::string& name);
const Feature* feature_called(const BackendStatus& backend, const std::string& name);

}  // namespace xpu
