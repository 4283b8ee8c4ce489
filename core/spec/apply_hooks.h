// SPDX-License-Identifier: Apache-2.0
// Hooks of CDI files come, those of vendors go.
#pragma once

#include <vector>

#include "core/plan/plan.h"
#include "core/spec/editor.h"
#include "core/spec/hooks.h"

namespace xpu {

// `gone`: as vendor_hooks() found them. `missing` receives the members that the document lacks.
void edit_hooks(Editor& editor, const Plan& plan, const std::vector<VendorHook>& gone,
                std::vector<Addition>& missing);

}  // namespace xpu
