// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/metrics/families.h"
#include "core/metrics/snapshot.h"

namespace xpu::metrics {

// The parts of a snapshot, by what they are about.
void collect_runtime(const Snapshot& snapshot, Families& families);
void collect_backends(const Snapshot& snapshot, Families& families);
void collect_devices(const Snapshot& snapshot, Families& families);
void collect_containers(const Snapshot& snapshot, Families& families);

}  // namespace xpu::metrics
