// SPDX-License-Identifier: Apache-2.0
// The functions of NVML for what changes while it is open: events, counters, processes. Each may be
// missing, since drivers of many years are in use.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "backends/nvidia/nvml.h"

namespace xpu::nvidia {

struct NvmlLive {
  // Of a library that Nvml::load() has loaded.
  explicit NvmlLive(void* library);

  using Status = nvml::Status;
  using Device = nvml::Device;
  using GetNumber = Status (*)(Device, unsigned*);
  using GetBig = Status (*)(Device, std::uint64_t*);
  using GetOf = Status (*)(Device, unsigned, unsigned*);

  Status (*set_create)(nvml::EventSet*) = nullptr;
  Status (*set_free)(nvml::EventSet) = nullptr;
  Status (*set_wait)(nvml::EventSet, nvml::EventData*, unsigned) = nullptr;
  Status (*register_events)(Device, std::uint64_t, nvml::EventSet) = nullptr;
  GetBig supported_events = nullptr;

  Status (*fields)(Device, int, nvml::FieldValue*) = nullptr;
  Status (*remapped_rows)(Device, unsigned*, unsigned*, unsigned*, unsigned*) = nullptr;
  GetNumber retirement_pending = nullptr;

  Status (*memory2)(Device, nvml::Memory2*) = nullptr;
  Status (*memory)(Device, nvml::Memory*) = nullptr;
  Status (*utilization)(Device, nvml::Utilization*) = nullptr;
  Status (*encoder)(Device, unsigned*, unsigned*) = nullptr;
  Status (*decoder)(Device, unsigned*, unsigned*) = nullptr;
  Status (*jpeg)(Device, unsigned*, unsigned*) = nullptr;
  Status (*optical_flow)(Device, unsigned*, unsigned*) = nullptr;
  GetOf temperature = nullptr, clock = nullptr, max_clock = nullptr;
  GetNumber power = nullptr, power_limit = nullptr, fan = nullptr, pcie_replays = nullptr;
  GetBig energy = nullptr, slow_reasons = nullptr;
  Status (*ecc_errors)(Device, unsigned, unsigned, std::uint64_t*) = nullptr;

  // Lists of processes by kind: compute, graphics, MPS.
  struct Lists {
    Status (*v2)(Device, unsigned*, nvml::ProcessV2*) = nullptr;
    Status (*v3)(Device, unsigned*, nvml::ProcessV2*) = nullptr;
    Status (*v1)(Device, unsigned*, nvml::ProcessV1*) = nullptr;
  };
  Lists processes[3];
  Status (*process_utilization)(Device, nvml::ProcessUtilization*, unsigned*,
                                std::uint64_t) = nullptr;

  // Those on the device, of all kinds, in no order and some twice.
  std::vector<nvml::ProcessV2> processes_of(Device device) const;
  // What they did after `since_us`, in no order.
  std::vector<nvml::ProcessUtilization> utilization_since(Device device,
                                                          std::uint64_t since_us) const;
  // Fills in values and states.
  Status ask_fields(Device device, std::vector<nvml::FieldValue>& values) const;
};

// Calls what may be missing.
template <class Function, class... Args>
nvml::Status call(Function function, Args... args) {
  return function ? function(args...) : nvml::kFunctionNotFound;
}

// nullopt where it is not known, whatever type the library gave it.
std::optional<double> number_of(const nvml::FieldValue& value);

}  // namespace xpu::nvidia
