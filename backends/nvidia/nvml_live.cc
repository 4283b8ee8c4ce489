// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/nvml_live.h"

#include <dlfcn.h>

#include <string>

namespace xpu::nvidia {
namespace {

constexpr unsigned kMostProcesses = 4096;
constexpr unsigned kSpareProcesses = 16;  // that start between two calls

template <class Function>
void find(void* library, const std::string& name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name.c_str()));
}

// A list of unknown length, with the calls of NVML for it.
template <class Entry, class List>
nvml::Status whole_list(std::vector<Entry>& out, const List& list) {
  unsigned count = 0;
  out.clear();
  nvml::Status status = list(&count, nullptr);
  for (int tries = 0; status == nvml::kInsufficientSize && tries < 3; ++tries) {
    count = std::min(count + kSpareProcesses, kMostProcesses);
    out.assign(count, Entry{});
    status = list(&count, out.data());
  }
  out.resize(status == nvml::kSuccess ? std::min<std::size_t>(count, out.size()) : 0);
  return status;
}

// v2 before v3: the first drivers of series 535 have longer entries in v3, with nothing to tell
// them by. Both say the same.
void add_list(const NvmlLive::Lists& lists, nvml::Device device,
              std::vector<nvml::ProcessV2>& out) {
  std::vector<nvml::ProcessV2> found;
  for (const auto& list : {lists.v2, lists.v3}) {
    const nvml::Status status =
        whole_list(found, [&](auto... args) { return call(list, device, args...); });
    if (status != nvml::kFunctionNotFound) {
      out.insert(out.end(), found.begin(), found.end());
      return;
    }
  }
  std::vector<nvml::ProcessV1> old;
  whole_list(old, [&](auto... args) { return call(lists.v1, device, args...); });
  for (const nvml::ProcessV1& process : old) {
    out.push_back({process.pid, process.memory, nvml::kNoInstance, nvml::kNoInstance});
  }
}

}  // namespace

NvmlLive::NvmlLive(void* library) {
  find(library, "nvmlEventSetCreate", set_create);
  find(library, "nvmlEventSetFree", set_free);
  find(library, "nvmlEventSetWait_v2", set_wait);
  find(library, "nvmlDeviceRegisterEvents", register_events);
  find(library, "nvmlDeviceGetSupportedEventTypes", supported_events);
  find(library, "nvmlDeviceGetFieldValues", fields);
  find(library, "nvmlDeviceGetRemappedRows", remapped_rows);
  find(library, "nvmlDeviceGetRetiredPagesPendingStatus", retirement_pending);
  find(library, "nvmlDeviceGetMemoryInfo_v2", memory2);
  find(library, "nvmlDeviceGetMemoryInfo", memory);
  find(library, "nvmlDeviceGetUtilizationRates", utilization);
  find(library, "nvmlDeviceGetEncoderUtilization", encoder);
  find(library, "nvmlDeviceGetDecoderUtilization", decoder);
  find(library, "nvmlDeviceGetJpgUtilization", jpeg);
  find(library, "nvmlDeviceGetOfaUtilization", optical_flow);
  find(library, "nvmlDeviceGetTemperature", temperature);
  find(library, "nvmlDeviceGetClockInfo", clock);
  find(library, "nvmlDeviceGetMaxClockInfo", max_clock);
  find(library, "nvmlDeviceGetPowerUsage", power);
  find(library, "nvmlDeviceGetEnforcedPowerLimit", power_limit);
  find(library, "nvmlDeviceGetFanSpeed", fan);
  find(library, "nvmlDeviceGetPcieReplayCounter", pcie_replays);
  find(library, "nvmlDeviceGetTotalEnergyConsumption", energy);
  // The newer of two names of one function.
  find(library, "nvmlDeviceGetCurrentClocksEventReasons", slow_reasons);
  if (slow_reasons == nullptr) {
    find(library, "nvmlDeviceGetCurrentClocksThrottleReasons", slow_reasons);
  }
  find(library, "nvmlDeviceGetTotalEccErrors", ecc_errors);
  constexpr const char* kKinds[] = {"Compute", "Graphics", "MPSCompute"};
  for (unsigned i = 0; i < 3; ++i) {
    const std::string name = std::string("nvmlDeviceGet") + kKinds[i] + "RunningProcesses";
    find(library, name + "_v2", processes[i].v2);
    find(library, name + "_v3", processes[i].v3);
    find(library, name, processes[i].v1);
  }
  find(library, "nvmlDeviceGetProcessUtilization", process_utilization);
}

std::vector<nvml::ProcessV2> NvmlLive::processes_of(Device device) const {
  std::vector<nvml::ProcessV2> found;
  for (const Lists& lists : processes) {
    add_list(lists, device, found);
  }
  return found;
}

std::vector<nvml::ProcessUtilization> NvmlLive::utilization_since(Device device,
                                                                  std::uint64_t since_us) const {
  std::vector<nvml::ProcessUtilization> found;
  whole_list(found, [&](unsigned* count, nvml::ProcessUtilization* to) {
    return call(process_utilization, device, to, count, since_us);
  });
  return found;
}

nvml::Status NvmlLive::ask_fields(Device device, std::vector<nvml::FieldValue>& values) const {
  for (nvml::FieldValue& value : values) {
    value.status = nvml::kNotSupported;
  }
  return call(fields, device, static_cast<int>(values.size()), values.data());
}

std::optional<double> number_of(const nvml::FieldValue& value) {
  if (value.status != nvml::kSuccess) {
    return std::nullopt;
  }
  switch (value.type) {
    case nvml::kDouble:
      return value.value.real;
    case nvml::kUnsigned:
      return value.value.number;
    case nvml::kUnsignedLong:
    case nvml::kUnsignedLongLong:
      return static_cast<double>(value.value.big);
    case nvml::kSignedLongLong:
      return static_cast<double>(value.value.sign);
    case nvml::kSigned:
      return static_cast<std::int32_t>(value.value.number);
    case nvml::kUnsignedShort:
      return static_cast<std::uint16_t>(value.value.number);
    default:
      return std::nullopt;
  }
}

}  // namespace xpu::nvidia
