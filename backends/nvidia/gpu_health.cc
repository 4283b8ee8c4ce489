// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/gpu_health.h"

namespace xpu::nvidia {
namespace {

using sdk::Health;

// The worst of what was seen.
void add(GpuHealth& out, Health state, const std::string& reason) {
  if (!out.state || state > *out.state) {
    out = {state, reason};
  }
}

void add_recovery(GpuHealth& out, unsigned action) {
  switch (action) {
    case nvml::kRecoverNothing:
      return add(out, Health::kOk, "");
    case nvml::kRecoverReset:
      return add(out, Health::kFailed, "the driver wants the GPU to be reset");
    case nvml::kRecoverReboot:
      return add(out, Health::kFailed, "the driver wants the machine to be restarted");
    case nvml::kRecoverDrainPeers:
      return add(out, Health::kFailed, "the driver wants traffic between GPUs to be stopped");
    case nvml::kRecoverDrainAndReset:
      return add(out, Health::kFailed,
                 "the driver wants the GPU to be drained of programs and reset");
    default:
      return add(out, Health::kFailed,
                 "the driver wants recovery action " + std::to_string(action));
  }
}

}  // namespace

GpuHealth gpu_health(const NvmlLive& nvml, nvml::Device device) {
  GpuHealth out;
  std::vector<nvml::FieldValue> fields(1);
  fields[0].field = nvml::kFieldRecoveryAction;
  bool lost =
      nvml.ask_fields(device, fields) == nvml::kGpuIsLost || fields[0].status == nvml::kGpuIsLost;
  if (const auto action = number_of(fields[0])) {
    add_recovery(out, static_cast<unsigned>(*action));
  }
  unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
  nvml::Status status =
      call(nvml.remapped_rows, device, &corrected, &uncorrected, &pending, &failed);
  lost |= status == nvml::kGpuIsLost;
  if (status == nvml::kSuccess) {
    add(out, Health::kOk, "");
    if (failed != 0) {
      add(out, Health::kFailed, "a memory row could not be replaced");
    } else if (pending != 0) {
      add(out, Health::kDegraded, "a memory row is to be replaced at the next reset");
    }
  }
  status = call(nvml.retirement_pending, device, &pending);
  lost |= status == nvml::kGpuIsLost;
  if (status == nvml::kSuccess) {
    add(out, pending != 0 ? Health::kDegraded : Health::kOk,
        pending != 0 ? "a memory page is to be retired at the next start of the driver" : "");
  }
  if (lost) {
    out = {Health::kFailed, "NVML: GPU is lost"};
  }
  return out;
}

const char* health_word(Health health) {
  switch (health) {
    case Health::kFailed:
      return "failed";
    case Health::kDegraded:
      return "degraded";
    default:
      return "ok";
  }
}

}  // namespace xpu::nvidia
