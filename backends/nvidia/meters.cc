// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/meters.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace xpu::nvidia {
namespace {

constexpr double kMega = 1e6;
constexpr std::uint64_t kFirstLookUs = 5'000'000;
constexpr unsigned kMaxLabels = 64;

// Values of one device: what NVML answers, in the units of xpu/metrics.h.
class Of {
 public:
  Of(sdk::Samples& samples, const std::string& id, nvml::Device device)
      : samples_(samples), id_(id), device_(device) {}

  void emit(const char* key, const std::string& label, double value) {
    samples_.value(id_, key, label, value);
  }
  // `scale`: what one of NVML's units is.
  template <class Function>
  void number(Function function, const char* key, const std::string& label, double scale) {
    unsigned value = 0;
    if (call(function, device_, &value) == nvml::kSuccess) {
      emit(key, label, value * scale);
    }
  }
  void number_of(NvmlLive::GetOf function, unsigned which, const char* key,
                 const std::string& label, double scale) {
    unsigned value = 0;
    if (call(function, device_, which, &value) == nvml::kSuccess) {
      emit(key, label, value * scale);
    }
  }
  void big(NvmlLive::GetBig function, const char* key, const std::string& label, double scale) {
    std::uint64_t value = 0;
    if (call(function, device_, &value) == nvml::kSuccess) {
      emit(key, label, static_cast<double>(value) * scale);
    }
  }
  // Percent; more than everything is no measurement.
  void percent(unsigned value, const char* label) {
    if (value <= 100) {
      emit("utilisation", label, value / 100.0);
    }
  }
  void engine(nvml::Status (*function)(nvml::Device, unsigned*, unsigned*), const char* label) {
    unsigned value = 0, period_us = 0;
    if (call(function, device_, &value, &period_us) == nvml::kSuccess) {
      percent(value, label);
    }
  }

  nvml::Device device() const { return device_; }

 private:
  sdk::Samples& samples_;
  const std::string& id_;
  nvml::Device device_;
};

void sample_memory(Of of, const NvmlLive& nvml) {
  nvml::Memory2 known{nvml::kMemory2Version, 0, 0, 0, 0};
  nvml::Memory simple{};
  if (call(nvml.memory2, of.device(), &known) == nvml::kSuccess) {
    of.emit("memory-total", "", static_cast<double>(known.total));
    of.emit("memory-used", "", static_cast<double>(known.used));
  } else if (call(nvml.memory, of.device(), &simple) == nvml::kSuccess) {
    of.emit("memory-total", "", static_cast<double>(simple.total));
    of.emit("memory-used", "", static_cast<double>(simple.used));
  }
}

void sample_engines(Of of, const NvmlLive& nvml) {
  nvml::Utilization rates{};
  if (call(nvml.utilization, of.device(), &rates) == nvml::kSuccess) {
    of.percent(rates.gpu, "compute");
    of.percent(rates.memory, "memory");
  }
  of.engine(nvml.encoder, "encode");
  of.engine(nvml.decoder, "decode");
  of.engine(nvml.jpeg, "jpeg");
  of.engine(nvml.optical_flow, "optical-flow");
}

void sample_clocks(Of of, const NvmlLive& nvml) {
  constexpr std::pair<unsigned, const char*> kClocks[] = {{nvml::kClockSm, "compute"},
                                                          {nvml::kClockGraphics, "graphics"},
                                                          {nvml::kClockMemory, "memory"},
                                                          {nvml::kClockVideo, "media"}};
  for (const auto& [clock, domain] : kClocks) {
    of.number_of(nvml.clock, clock, "clock", domain, kMega);
    of.number_of(nvml.max_clock, clock, "clock-limit", domain, kMega);
  }
  constexpr std::pair<std::uint64_t, const char*> kReasons[] = {
      {nvml::kSlowByHeat | nvml::kSlowByHeatHardware, "thermal"},
      {nvml::kSlowByPowerCap | nvml::kSlowByPowerBrake, "power"},
      {nvml::kSlowByHardware, "hardware"},
      {nvml::kSlowBySync, "sync"}};
  std::uint64_t reasons = 0;
  if (call(nvml.slow_reasons, of.device(), &reasons) == nvml::kSuccess) {
    for (const auto& [bits, reason] : kReasons) {
      of.emit("throttled", reason, (reasons & bits) != 0 ? 1 : 0);
    }
  }
}

void sample_board(Of of, const NvmlLive& nvml) {
  of.number_of(nvml.temperature, nvml::kTemperatureGpu, "temperature", "core", 1);
  of.number(nvml.power, "power", "", 1e-3);
  of.number(nvml.power_limit, "power-limit", "", 1e-3);
  of.big(nvml.energy, "energy", "", 1e-3);
  unsigned fan = 0;  // of what it was built for, so that it may be a little more than everything
  if (call(nvml.fan, of.device(), &fan) == nvml::kSuccess) {
    of.emit("fan", "", std::min(fan, 100u) / 100.0);
  }
}

// Since the driver was loaded, and over the life of the GPU: two counters, since the first is set
// back with the driver.
void sample_errors(Of of, const NvmlLive& nvml) {
  struct Count {
    unsigned kind, span;
    const char* label;
  };
  constexpr Count kCounts[] = {{nvml::kCorrected, nvml::kSinceDriverLoad, "ecc-corrected"},
                               {nvml::kUncorrected, nvml::kSinceDriverLoad, "ecc-uncorrected"},
                               {nvml::kCorrected, nvml::kLifetime, "ecc-corrected-lifetime"},
                               {nvml::kUncorrected, nvml::kLifetime, "ecc-uncorrected-lifetime"}};
  for (const Count& count : kCounts) {
    std::uint64_t errors = 0;
    if (call(nvml.ecc_errors, of.device(), count.kind, count.span, &errors) == nvml::kSuccess) {
      of.emit("errors", count.label, static_cast<double>(errors));
    }
  }
  of.number(nvml.pcie_replays, "errors", "pcie-replay", 1);
  unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
  if (call(nvml.remapped_rows, of.device(), &corrected, &uncorrected, &pending, &failed) ==
      nvml::kSuccess) {
    of.emit("errors", "row-replaced-corrected", corrected);
    of.emit("errors", "row-replaced-uncorrected", uncorrected);
  }
}

// Fields that stand for one value each.
void sample_fields(Of of, const NvmlLive& nvml, unsigned& links) {
  struct Field {
    unsigned field;
    const char *key, *label;
  };
  // NVML's other word on PCIe traffic is a rate over 20 ms, which it takes 20 ms to measure: where
  // a driver has no counter of it (before 570), it is not known.
  constexpr Field kFields[] = {
      {nvml::kFieldMemoryTemperature, "temperature", "memory"},
      {nvml::kFieldPcieReceived, "link-received", "pcie"},
      {nvml::kFieldPcieSent, "link-transmitted", "pcie"},
      {nvml::kFieldRetiredPagesCorrected, "errors", "page-retired-corrected"},
      {nvml::kFieldRetiredPagesUncorrected, "errors", "page-retired-uncorrected"},
  };
  std::vector<nvml::FieldValue> values;
  for (const Field& field : kFields) {
    values.push_back({field.field, 0, 0, 0, 0, 0, {}});
  }
  values.push_back({nvml::kFieldLinkCount, 0, 0, 0, 0, 0, {}});
  nvml.ask_fields(of.device(), values);
  for (std::size_t i = 0; i < std::size(kFields); ++i) {
    const auto number = number_of(values[i]);
    if (number && (*number >= 0 || values[i].field == nvml::kFieldMemoryTemperature)) {
      of.emit(kFields[i].key, kFields[i].label, *number);
    }
  }
  links = static_cast<unsigned>(
      std::clamp(number_of(values.back()).value_or(0), 0.0, static_cast<double>(kMaxLabels - 1)));
}

// Data without what the protocol adds. Each link, and where the driver counts only all of them
// together, that.
void sample_links(Of of, const NvmlLive& nvml, unsigned links) {
  std::vector<nvml::FieldValue> values;
  for (unsigned link = 0; link < links; ++link) {
    values.push_back({nvml::kFieldLinkReceivedKib, link, 0, 0, 0, 0, {}});
    values.push_back({nvml::kFieldLinkSentKib, link, 0, 0, 0, 0, {}});
  }
  if (links > 0) {
    nvml.ask_fields(of.device(), values);
  }
  bool each = false;
  for (const nvml::FieldValue& value : values) {
    const auto kib = number_of(value);
    const bool received = value.field == nvml::kFieldLinkReceivedKib;
    if (kib && *kib >= 0) {
      of.emit(received ? "link-received" : "link-transmitted",
              "nvlink" + std::to_string(value.scope), *kib * 1024);
      each = true;
    }
  }
  if (each || links == 0) {
    return;
  }
  values = {{nvml::kFieldLinkReceived, nvml::kAllLinks, 0, 0, 0, 0, {}},
            {nvml::kFieldLinkSent, nvml::kAllLinks, 0, 0, 0, 0, {}}};
  nvml.ask_fields(of.device(), values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const auto bytes = number_of(values[i]); bytes && *bytes >= 0) {
      of.emit(i == 0 ? "link-received" : "link-transmitted", "nvlink", *bytes);
    }
  }
}

void sample_gpu(Of of, const NvmlLive& nvml) {
  sample_memory(of, nvml);
  sample_engines(of, nvml);
  sample_clocks(of, nvml);
  sample_board(of, nvml);
  sample_errors(of, nvml);
  unsigned links = 0;
  sample_fields(of, nvml, links);
  sample_links(of, nvml, links);
}

const std::string& place_of(const OpenGpu& gpu, const nvml::ProcessV2& process) {
  for (const OpenPart& part : gpu.parts) {
    if (part.gpu_instance == process.gpu_instance &&
        part.compute_instance == process.compute_instance) {
      return part.id;
    }
  }
  return gpu.id;
}

std::uint64_t now_us() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

void Meters::sample_processes(sdk::Samples& samples, const NvmlLive& nvml, const OpenGpu& gpu) {
  // One that computes and draws is in two lists, each time with all of its memory.
  std::map<std::pair<std::string, unsigned>, std::uint64_t> memory;
  std::set<unsigned> living;
  for (const nvml::ProcessV2& process : nvml.processes_of(gpu.handle)) {
    living.insert(process.pid);
    if (process.memory != nvml::kNotAvailable) {
      std::uint64_t& most = memory[{place_of(gpu, process), process.pid}];
      most = std::max(most, process.memory);
    }
  }
  for (const auto& [place, bytes] : memory) {
    samples.process(place.first, static_cast<std::int32_t>(place.second), "memory", "",
                    static_cast<double>(bytes));
  }

  std::uint64_t& seen = seen_us_.emplace(gpu.id, now_us() - kFirstLookUs).first->second;
  std::map<unsigned, nvml::ProcessUtilization> latest;
  for (const nvml::ProcessUtilization& use : nvml.utilization_since(gpu.handle, seen)) {
    nvml::ProcessUtilization& known = latest[use.pid];
    if (use.time_us >= known.time_us) {
      known = use;
    }
  }
  for (const auto& [pid, use] : latest) {
    seen = std::max(seen, use.time_us);
    const std::pair<unsigned, const char*> engines[] = {{use.sm, "compute"},
                                                        {use.memory, "memory"},
                                                        {use.encoder, "encode"},
                                                        {use.decoder, "decode"}};
    for (const auto& [percent, engine] : engines) {
      if (living.count(pid) != 0 && percent <= 100) {
        samples.process(gpu.id, static_cast<std::int32_t>(pid), "utilisation", engine,
                        percent / 100.0);
      }
    }
  }
}

void Meters::sample(sdk::Samples& samples, NvmlSession& session) {
  // Partitions may have changed since the last time without a word.
  session.look_at_parts();
  for (const OpenGpu& gpu : session.gpus()) {
    if (!gpu.handle) {
      continue;
    }
    sample_gpu({samples, gpu.id, gpu.handle}, session.live());
    for (const OpenPart& part : gpu.parts) {
      sample_memory({samples, part.id, part.handle}, session.live());
    }
    sample_processes(samples, session.live(), gpu);
  }
}

}  // namespace xpu::nvidia
