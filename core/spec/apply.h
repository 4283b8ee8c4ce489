// SPDX-License-Identifier: Apache-2.0
// Plan → splices → new config.json. Bytes that are not edited stay the bytes that were there.
#pragma once

#include <string>
#include <vector>

#include "core/oci/spec.h"
#include "core/oci/text.h"
#include "core/plan/plan.h"
#include "core/spec/hooks.h"

namespace xpu {

// Splices that take `hooks` out and bring the plan into the document: linux.devices (an entry with
// the same path is replaced), linux.resources.devices (one allow rule "rw" per device, appended),
// mounts (one with the same destination is replaced, a new one goes before the first of those that
// it would cover, else to the end), process.env (every variable of the same name replaced by one).
// Missing parents are created. Throws Error for shapes that cannot take it.
std::vector<json::Splice> splices(const Spec& spec, const Plan& plan,
                                  const std::vector<VendorHook>& hooks = {});

}  // namespace xpu
