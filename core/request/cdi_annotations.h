// SPDX-License-Identifier: Apache-2.0
// Requests by annotations of CDI, "cdi.k8s.io/...": lists of qualified names, as device plugins and
// engines write them. Source: Container Device Interface specification 1.1.0, "Kubernetes".
#pragma once

#include <vector>

#include "core/request/elements.h"
#include "core/request/request.h"

namespace xpu {

// One for each annotation that begins as configured, by key.
std::vector<Source> cdi_annotations(const Said& said, const Config& config);

// Throws Error where something in the list is no qualified name: nothing else means anything there.
void check_cdi_annotation(const Source& source);

}  // namespace xpu
