// SPDX-License-Identifier: Apache-2.0
// What only CDI files bring into a config.json.
#pragma once

#include <vector>

#include "core/plan/plan.h"
#include "core/spec/editor.h"

namespace xpu {

void edit_groups(Editor& editor, const Plan& plan);
// `linux_part`: the member `linux`, where there is one; `missing` receives what it lacks.
void edit_net_devices(Editor& editor, const Plan& plan,
                      const std::optional<json::Value>& linux_part, std::vector<Addition>& missing);
void edit_rdt(Editor& editor, const Plan& plan, const std::optional<json::Value>& linux_part,
              std::vector<Addition>& missing);

}  // namespace xpu
