// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/meter.h"

#include <array>
#include <iterator>

namespace xpu::intel {
namespace {

using ze::Handle;
using ze::kSuccess;

constexpr double kMicro = 1e-6;

struct Group {
  std::uint32_t type;
  const char* label;
  bool all;  // its single engines are another group of the same label
};
constexpr Group kGroups[] = {
    {ze::kComputeAll, "compute", true},
    {ze::kComputeSingle, "compute", false},
    {ze::kRenderAll, "render", true},
    {ze::kRenderSingle, "render", false},
    {ze::kCopyAll, "copy", true},
    {ze::kCopySingle, "copy", false},
    {ze::k3dAll, "3d", true},
    {ze::k3dSingle, "3d", false},
    {ze::kMediaAll, "media", true},
    {ze::kDecodeSingle, "decode", false},
    {ze::kEncodeSingle, "encode", false},
    {ze::kEnhancementSingle, "media-enhancement", false},
};

// By category.
constexpr std::array<const char*, ze::kRasCategories> kErrors = {
    "reset", "programming", "driver", "compute", "non-compute", "cache", "display"};

}  // namespace

std::string Meter::open(const sdk::Root& driver_root,
                        const std::function<bool(const std::string& pci)>& counts) {
  std::string problem = ze::no_loader(driver_root);
  if (!devices_.empty()) {
    return "";
  }
  for (const std::string& path : ze::loaders(driver_root)) {
    const ze::Loaded loaded = ze::load(path);
    problem = loaded.api ? path + ": it finds no device" : loaded.problem;
    api_ = loaded.api;
    if (api_ && add_devices(counts)) {
      return "";
    }
  }
  return problem;
}

bool Meter::add_devices(const std::function<bool(const std::string& pci)>& counts) {
  std::vector<Handle> drivers;
  ze::handles(api_->drivers, drivers);
  for (Handle driver : drivers) {
    std::vector<Handle> handles;
    ze::handles([&](std::uint32_t* count, Handle* to) { return api_->devices(driver, count, to); },
                handles);
    for (Handle handle : handles) {
      ze::PciProperties pci{};
      pci.stype = ze::kTypePciProperties;
      if (api_->pci(handle, &pci) != kSuccess) {
        continue;
      }
      // Two drivers that both know a device count the same.
      const auto [device, is_new] = devices_.try_emplace(ze::address_of(pci));
      if (!is_new) {
        continue;
      }
      add_memories(handle, device->second);
      // To ask for them may open what counts.
      if (counts(device->first)) {
        add_engines(handle, device->second);
        add_errors(handle, device->second);
      }
    }
  }
  return !devices_.empty();
}

void Meter::add_memories(Handle handle, Device& device) const {
  std::vector<Handle> modules;
  ze::handles([&](std::uint32_t* count, Handle* to) { return api_->memories(handle, count, to); },
              modules);
  for (Handle module : modules) {
    ze::MemoryProperties properties{};
    properties.stype = ze::kTypeMemoryProperties;
    if (api_->memory(module, &properties) == kSuccess &&
        properties.location == ze::kMemoryOnDevice) {
      device.memories.push_back(module);
    }
  }
}

// The driver may offer the same engines several times: all of the device, all of each tile, and one
// by one. Of each label the widest are taken, so that nothing is counted twice.
void Meter::add_engines(Handle handle, Device& device) const {
  std::vector<Handle> engines;
  ze::handles([&](std::uint32_t* count, Handle* to) { return api_->engines(handle, count, to); },
              engines);
  std::map<std::string, int> narrowness;
  for (Handle engine : engines) {
    ze::EngineProperties properties{};
    properties.stype = ze::kTypeEngineProperties;
    if (api_->engine(engine, &properties) != kSuccess) {
      continue;
    }
    for (const Group& group : kGroups) {
      if (group.type != properties.type) {
        continue;
      }
      const int narrow = !group.all ? 2 : properties.on_subdevice != 0 ? 1 : 0;
      const auto [known, is_new] = narrowness.try_emplace(group.label, narrow);
      if (narrow < known->second) {
        device.engines[group.label].clear();
        known->second = narrow;
      }
      if (narrow == known->second) {
        device.engines[group.label].push_back({engine, std::nullopt});
      }
    }
  }
}

void Meter::add_errors(Handle handle, Device& device) const {
  std::vector<Handle> sets;
  ze::handles([&](std::uint32_t* count, Handle* to) { return api_->ras_sets(handle, count, to); },
              sets);
  for (Handle set : sets) {
    ze::RasProperties properties{};
    properties.stype = ze::kTypeRasProperties;
    if (api_->ras(set, &properties) == kSuccess && properties.type <= ze::kRasUncorrectable) {
      device.errors.push_back({set, properties.type == ze::kRasCorrectable});
    }
  }
}

void Meter::emit(sdk::Samples& samples, const std::string& pci) {
  const auto device = devices_.find(pci);
  if (device == devices_.end()) {
    return;
  }
  for (auto& [label, engines] : device->second.engines) {
    emit_engines(samples, pci, label, engines);
  }
  for (const bool corrected : {true, false}) {
    emit_errors(samples, pci, device->second, corrected);
  }
}

// Of several engines the sum of their times, and the mean of how busy they were. A sum without one
// of them would be less than the last: then there is none.
void Meter::emit_engines(sdk::Samples& samples, const std::string& pci, const std::string& label,
                         std::vector<Engine>& engines) const {
  double seconds = 0, active = 0, passed = 0;
  bool all = true;
  for (Engine& engine : engines) {
    ze::EngineStats now{};
    if (api_->activity(engine.handle, &now) != kSuccess) {
      engine.last.reset();
      all = false;
      continue;
    }
    seconds += static_cast<double>(now.active) * kMicro;
    if (engine.last && now.active >= engine.last->active &&
        now.timestamp > engine.last->timestamp) {
      active += static_cast<double>(now.active - engine.last->active);
      passed += static_cast<double>(now.timestamp - engine.last->timestamp);
    }
    engine.last = now;
  }
  if (!all) {
    return;
  }
  samples.value(pci, "engine-time", label, seconds);
  if (passed > 0) {
    samples.value(pci, "utilisation", label, std::min(active / passed, 1.0));
  }
}

// Of several tiles the sum, likewise.
void Meter::emit_errors(sdk::Samples& samples, const std::string& pci, const Device& device,
                        bool corrected) const {
  std::array<double, ze::kRasCategories> sums{};
  bool any = false;
  for (const ErrorSet& set : device.errors) {
    if (set.corrected != corrected) {
      continue;
    }
    ze::RasState state{};
    state.stype = ze::kTypeRasState;
    if (api_->ras_state(set.handle, 0, &state) != kSuccess) {
      return;
    }
    any = true;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] += static_cast<double>(state.category[i]);
    }
  }
  for (std::size_t i = 0; any && i < sums.size(); ++i) {
    samples.value(pci, "errors",
                  kErrors[i] + std::string(corrected ? "-corrected" : "-uncorrected"), sums[i]);
  }
}

std::optional<Meter::Memory> Meter::memory(const std::string& pci) const {
  const auto device = devices_.find(pci);
  if (device == devices_.end() || device->second.memories.empty()) {
    return std::nullopt;
  }
  Memory out;
  for (Handle module : device->second.memories) {
    ze::MemoryState state{};
    state.stype = ze::kTypeMemoryState;
    if (api_->memory_state(module, &state) != kSuccess || state.size == 0 ||
        state.free > state.size) {
      return std::nullopt;
    }
    out.total += static_cast<double>(state.size);
    out.used += static_cast<double>(state.size - state.free);
  }
  return out;
}

}  // namespace xpu::intel
