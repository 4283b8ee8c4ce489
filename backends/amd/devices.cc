// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/devices.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <set>

namespace xpu::amd {
namespace {

constexpr const char* kVendor = "amd";

std::string hex(std::uint64_t value, bool padded) {
  char text[32];
  std::snprintf(text, sizeof text, padded ? "%016llx" : "%llx",
                static_cast<unsigned long long>(value));
  return text;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// How often each id occurs: kernels that know no ids of parts give them that of their GPU.
class UniqueIds {
 public:
  explicit UniqueIds(const std::vector<Gpu>& gpus) {
    for (const Gpu& gpu : gpus) {
      ++gpus_[gpu.unique_id];
      ++uuids_[gpu.uuid];
      for (const Part& part : gpu.divided ? gpu.parts : std::vector<Part>()) {
        ++parts_[part.unique_id];
      }
    }
  }
  bool of_one_gpu(std::uint64_t id) const { return id != 0 && gpus_.at(id) == 1; }
  bool of_one_part(std::uint64_t id) const {
    return id != 0 && parts_.at(id) == 1 && gpus_.count(id) == 0;
  }
  bool of_one_gpu(const std::string& uuid) const { return !uuid.empty() && uuids_.at(uuid) == 1; }

 private:
  std::map<std::uint64_t, unsigned> gpus_, parts_;
  std::map<std::string, unsigned> uuids_;
};

std::string name_of(const Gpu& gpu) {
  if (!gpu.name.empty()) {
    return gpu.name;
  }
  return gpu.architecture.empty() ? "AMD GPU" : "AMD " + gpu.architecture + " GPU";
}

std::string words_of(const std::string& mode) {
  return upper(mode.substr(0, mode.find('_')));
}

// A divided GPU is handed out in parts only.
std::string divided_problem(const std::string& index, const Gpu& gpu) {
  std::string parts;
  for (std::size_t part = 0; part < gpu.parts.size(); ++part) {
    parts += (part == 0 ? "" : ", ") + index + ":" + std::to_string(part);
  }
  return "divided" + (gpu.mode.empty() ? "" : " (" + gpu.mode + ")") + ": ask for its partitions " +
         parts;
}

sdk::Device whole(const Gpu& gpu, std::size_t index, const UniqueIds& ids,
                  const std::string& driver) {
  sdk::Device device;
  device.vendor = kVendor;
  device.index = std::to_string(index);
  device.uuid = ids.of_one_gpu(gpu.unique_id) ? "0x" + hex(gpu.unique_id, true) : "";
  device.name = name_of(gpu);
  device.memory_bytes = gpu.memory_bytes;
  device.architecture = gpu.architecture;
  device.driver = driver;
  device.pci = gpu.pci;
  device.numa_node = gpu.numa_node;
  device.in_all = !gpu.divided;
  return device;
}

sdk::Device partition(const Gpu& gpu, std::size_t place, const sdk::Device& parent,
                      const UniqueIds& ids) {
  const Part& part = gpu.parts[place];
  sdk::Device device = parent;
  device.kind = sdk::Kind::kPartition;
  device.index = parent.index + ":" + std::to_string(place);
  device.parent = parent.index;
  device.uuid = ids.of_one_part(part.unique_id) ? "0x" + hex(part.unique_id, true) : "";
  device.name += gpu.mode.empty() ? " partition" : " " + words_of(gpu.mode) + " partition";
  device.memory_bytes = part.memory_bytes;
  device.in_all = true;
  return device;
}

// The forms in which tools print an id and people type it. The host compares UUIDs in any case.
void emit_unique_id(sdk::Sink& sink, const sdk::Device& device, std::uint64_t id) {
  if (device.uuid.empty()) {
    return;
  }
  sink.property(device, "unique-id", device.uuid);
  std::set<std::string> names = {"0x" + hex(id, false), "GPU-" + hex(id, true)};
  for (const bool padded : {true, false}) {
    names.insert(hex(id, padded));
    names.insert(upper(hex(id, padded)));
  }
  names.erase(device.uuid);
  for (const std::string& name : names) {
    // A short one could be taken for an index.
    if (name.size() > 8) {
      sink.alias(device, name);
    }
  }
}

void emit_facts(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu,
                std::uint64_t compute_units) {
  if (compute_units > 0) {
    sink.property(device, "compute-units", std::to_string(compute_units));
  }
  if (gpu.integrated) {
    sink.property(device, "integrated", "true");
  }
  if (!gpu.mode.empty()) {
    sink.property(device, "partition-mode", gpu.mode);
  }
  if (gpu.hive_id != 0) {
    sink.property(device, "xgmi-hive", "0x" + hex(gpu.hive_id, true));
  }
  if (!gpu.health.empty()) {
    sink.property(device, "health", gpu.health);
  }
}

void emit_part(sdk::Sink& sink, const sdk::Device& device, const Part& part, const Nodes& nodes) {
  nodes.emit(sink, device, part);
  if (!part.kfd) {
    sink.note(sdk::with(device), sdk::Severity::kInfo,
              "the kernel's compute driver (KFD) does not know " + device.vendor + ":" +
                  device.index + ": it draws, but ROCm cannot use it");
  }
}

void set_problem(sdk::Device& device, const std::string& problem) {
  device.available = problem.empty();
  device.reason = problem;
}

}  // namespace

std::vector<sdk::Device> emit_devices(sdk::Sink& sink, const std::vector<Gpu>& gpus,
                                      const Nodes& nodes, const std::string& driver) {
  const UniqueIds ids(gpus);
  std::vector<sdk::Device> devices;
  for (const Gpu& gpu : gpus) {
    sdk::Device device = whole(gpu, devices.size(), ids, driver);
    set_problem(device,
                gpu.divided ? divided_problem(device.index, gpu) : nodes.problem(gpu.parts[0]));
    sink.device(device);
    emit_unique_id(sink, device, gpu.unique_id);
    if (ids.of_one_gpu(gpu.uuid)) {
      sink.alias(device, gpu.uuid);
    }
    emit_facts(sink, device, gpu, gpu.compute_units);
    if (!gpu.divided) {
      emit_part(sink, device, gpu.parts[0], nodes);
    }
    for (std::size_t place = 0; gpu.divided && place < gpu.parts.size(); ++place) {
      const Part& part = gpu.parts[place];
      sdk::Device own = partition(gpu, place, device, ids);
      set_problem(own, nodes.problem(part));
      sink.device(own);
      emit_unique_id(sink, own, part.unique_id);
      emit_facts(sink, own, gpu, part.compute_units);
      emit_part(sink, own, part, nodes);
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

std::vector<std::string> lasting_names(const std::vector<Gpu>& gpus) {
  const UniqueIds ids(gpus);
  std::vector<std::string> names;
  for (const Gpu& gpu : gpus) {
    if (ids.of_one_gpu(gpu.unique_id)) {
      names.push_back("0x" + hex(gpu.unique_id, true));
    } else if (!gpu.pci.empty() && !gpu.divided) {
      names.push_back(gpu.pci);
    } else {
      names.push_back(std::string(kVendor) + ":" + std::to_string(names.size()));
    }
  }
  return names;
}

}  // namespace xpu::amd
