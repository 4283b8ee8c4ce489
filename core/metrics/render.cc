// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/render.h"

#include "core/metrics/collect.h"

namespace xpu::metrics {
namespace {

Families families_of(const Snapshot& snapshot) {
  Families families;
  collect_runtime(snapshot, families);
  collect_backends(snapshot, families);
  collect_devices(snapshot, families);
  collect_containers(snapshot, families);
  return families;
}

}  // namespace

Texts texts(const Snapshot& snapshot) {
  const Families families = families_of(snapshot);
  return {to_prometheus(families), to_openmetrics(families)};
}

std::string prometheus_text(const Snapshot& snapshot) {
  return to_prometheus(families_of(snapshot));
}

std::string openmetrics_text(const Snapshot& snapshot) {
  return to_openmetrics(families_of(snapshot));
}

}  // namespace xpu::metrics
