// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/nvml_events.h"

#include <utility>
#include <vector>

namespace xpu::nvidia {
namespace {

using sdk::Health;

// At once; with more waiting the next call comes soon.
constexpr unsigned kMostAtOnce = 64;

// Besides Xids and changes of partitions. Single corrected bits are not asked for: they are counted
// by samples, and where they become many the driver says so.
struct Row {
  std::uint64_t type;
  Health health;
  const char* meaning;
};
constexpr Row kRows[] = {
    // The Xid that comes with it says whether the GPU can go on.
    {nvml::kEventDoubleBit, Health::kDegraded, "double bit ECC error"},
    {nvml::kEventSingleBitStorm, Health::kDegraded, "many single bit ECC errors"},
    {nvml::kEventRetirement, Health::kDegraded, "memory was marked to be replaced"},
    {nvml::kEventRetirementFailure, Health::kFailed, "memory could not be replaced"},
    {nvml::kEventPoison, Health::kDegraded, "poisoned data, contained"},
    {nvml::kEventFatalPoison, Health::kFailed, "poisoned data, not contained"},
    {nvml::kEventUnavailable, Health::kFailed, "GPU is not available"},
};

std::uint64_t wanted_types() {
  std::uint64_t types = nvml::kEventXid | nvml::kEventMig | nvml::kEventRecoveryAction;
  for (const Row& row : kRows) {
    types |= row.type;
  }
  return types;
}

// The partitions that an event names; the GPU where it names none that is known.
std::vector<std::string> places_of(const OpenGpu& gpu, const nvml::EventData& data) {
  std::vector<std::string> places;
  for (const OpenPart& part : gpu.parts) {
    if (part.gpu_instance == data.gpu_instance &&
        (data.compute_instance == nvml::kNoInstance ||
         part.compute_instance == data.compute_instance)) {
      places.push_back(part.id);
    }
  }
  return places.empty() ? std::vector{gpu.id} : places;
}

}  // namespace

void NvmlEvents::begin(sdk::Events& events) {
  begun_ = true;
  const NvmlLive& nvml = session_.live();
  if (!nvml.set_wait || !nvml.register_events || call(nvml.set_create, &set_) != nvml::kSuccess) {
    set_ = nullptr;
    events.log(sdk::Severity::kInfo, "this driver reports no events of GPUs");
    return;
  }
  for (const OpenGpu& gpu : session_.gpus()) {
    std::uint64_t types = 0;
    if (!gpu.handle || call(nvml.supported_events, gpu.handle, &types) != nvml::kSuccess) {
      continue;
    }
    types &= wanted_types();
    if (types == 0) {
      continue;
    }
    const nvml::Status status = nvml.register_events(gpu.handle, types, set_);
    if (status != nvml::kSuccess) {
      events.log(sdk::Severity::kWarn,
                 gpu.id + " reports no events: " + session_.nvml().text(status));
    }
  }
}

void NvmlEvents::end() {
  if (set_ != nullptr) {
    call(session_.live().set_free, set_);
    set_ = nullptr;
  }
  begun_ = false;
}

void NvmlEvents::emit_xid(sdk::Events& events, const OpenGpu& gpu, const nvml::EventData& data) {
  const Xid xid = xids_.of(data.data);
  const std::string text = "Xid " + std::to_string(data.data) + ": " + xid.meaning;
  for (const std::string& place : places_of(gpu, data)) {
    if (xid.verdict == Verdict::kIgnored) {
      events.log(sdk::Severity::kDebug, place + ": " + text);
    } else {
      events.health(place, xid.verdict == Verdict::kFailed ? Health::kFailed : Health::kDegraded,
                    text);
    }
  }
}

void NvmlEvents::emit(sdk::Events& events, const nvml::EventData& data) {
  const OpenGpu* gpu = session_.find(data.device);
  if (gpu == nullptr) {
    return events.lost("NVML reports an event of a GPU that is not known");
  }
  if (data.type == nvml::kEventXid) {
    return emit_xid(events, *gpu, data);
  }
  if (data.type == nvml::kEventMig) {
    const std::string id = gpu->id;
    session_.look_at_parts();
    return events.report(sdk::EventKind::kChanged, id, "MIG partitions were changed");
  }
  for (const Row& row : kRows) {
    if (data.type == row.type) {
      for (const std::string& place : places_of(*gpu, data)) {
        events.health(place, row.health, row.meaning);
      }
    }
  }
}

bool NvmlEvents::poll(sdk::Events& events, std::string& reason) {
  bool ask = false;
  nvml::Status status = nvml::kSuccess;
  for (unsigned i = 0; set_ != nullptr && i < kMostAtOnce && status == nvml::kSuccess; ++i) {
    nvml::EventData data{};
    status = session_.live().set_wait(set_, &data, 0);
    if (status == nvml::kSuccess) {
      // What is to be done about a GPU is asked for with its health.
      ask |= data.type == nvml::kEventRecoveryAction;
      emit(events, data);
    }
  }
  const bool fine = status == nvml::kSuccess || status == nvml::kTimeout;
  if (ask || !fine) {
    check_health(events);
  }
  reason = fine ? "" : session_.nvml().text(status);
  return fine;
}

void NvmlEvents::check_health(sdk::Events& events) {
  for (const OpenGpu& gpu : session_.gpus()) {
    GpuHealth now{Health::kFailed, "NVML: GPU is lost"};
    if (gpu.handle) {
      now = gpu_health(session_.live(), gpu.handle);
    }
    const auto before = health_.find(gpu.id);
    const Health known = before == health_.end() ? Health::kOk : before->second;
    if (!now.state || *now.state == known) {
      continue;
    }
    health_[gpu.id] = *now.state;
    events.health(gpu.id, *now.state,
                  *now.state == Health::kOk ? "NVML finds nothing wrong any more" : now.reason);
  }
}

}  // namespace xpu::nvidia
