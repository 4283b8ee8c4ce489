// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/sample.h"

#include <algorithm>

#include "backends/amd/presence.h"
#include "backends/amd/processes.h"
#include "backends/amd/sensors.h"
#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

// Of errors that could not be corrected events tell faster: a reset follows.
constexpr auto kRasEvery = std::chrono::seconds(60);
constexpr std::size_t kMetricsBytes = 65536;

std::string part_id(const std::string& gpu, std::size_t place) {
  return gpu + ":" + std::to_string(place);
}

}  // namespace

void Sampler::start(sdk::Samples& samples) {
  host_ = host_of(option_of(samples));
  if (const std::string problem = why_absent(host_.sys_root); !problem.empty()) {
    throw sdk::Absent(problem);
  }
  listed_.clear();
  gpus_.clear();
  residency_.clear();
  ras_read_.reset();
}

void Sampler::sample(sdk::Samples& samples) {
  read_gpus_when_changed();
  read_ras_sometimes();
  for (std::size_t place = 0; place < gpus_.size(); ++place) {
    const Gpu& gpu = gpus_[place];
    const std::string folder = host_.sys_root.resolve(gpu.pci_folder).value_or(gpu.pci_folder);
    sample_gpu(samples,
               {gpu, "amd:" + std::to_string(place), sdk::Root(host_.sys_root.host_path(folder))});
  }
  sample_processes(samples);
}

// To read the topology of a large machine takes thousands of files; what changes it, a few.
void Sampler::read_gpus_when_changed() {
  std::string now = host_.sys_root.read_line(sdk::join(kTopology, "generation_id"));
  for (const char* folder : {kPciDriver, "/sys/class/drm"}) {
    for (const std::string& name : host_.sys_root.list(folder)) {
      now += " " + name;
    }
  }
  if (now == listed_) {
    return;
  }
  gpus_ = read_gpus(Kfd(host_.sys_root), host_.sys_root, host_.driver_root);
  ras_.set_gpus(host_.sys_root, gpus_);
  ras_read_.reset();
  listed_ = now;
}

void Sampler::read_ras_sometimes() {
  const auto now = std::chrono::steady_clock::now();
  if (!ras_read_ || now - *ras_read_ >= kRasEvery) {
    ras_.read_all();
    ras_read_ = now;
  }
}

void Sampler::sample_gpu(sdk::Samples& samples, const One& one) {
  const Gpu& gpu = one.gpu;
  if (gpu.memory_bytes > 0) {
    samples.value(one.id, "memory-total", static_cast<double>(gpu.memory_bytes));
  }
  if (gpu.pci_folder.empty() || is_asleep(host_.sys_root, gpu.pci_folder)) {
    return;
  }
  bool has_energy = false;
  for (const SensorValue& sensor : read_sensors(one.function)) {
    samples.value(one.id, sensor.key, sensor.label, sensor.value);
    has_energy = has_energy || std::string_view(sensor.key) == "energy";
  }
  sample_metrics(samples, one, has_energy);
  sample_ras(samples, one);
}

void Sampler::sample_metrics(sdk::Samples& samples, const One& one, bool has_energy) {
  const auto bytes = one.function.read("/gpu_metrics", kMetricsBytes);
  // Of MI200 it is known what its counter counts.
  const auto metrics =
      bytes ? parse_gpu_metrics(*bytes, one.gpu.architecture == "gfx90a") : std::nullopt;
  sample_parts(samples, one, metrics ? &*metrics : nullptr);
  if (!metrics) {
    return;
  }
  if (metrics->energy_joules && !has_energy) {
    samples.value(one.id, "energy", *metrics->energy_joules);
  }
  if (metrics->media) {
    samples.value(one.id, "utilisation", "media", *metrics->media);
  }
  if (metrics->media_hertz) {
    samples.value(one.id, "clock", "media", *metrics->media_hertz);
  }
  for (const auto& [key, links] : {std::pair("link-received", &metrics->xgmi_received),
                                   std::pair("link-transmitted", &metrics->xgmi_transmitted)}) {
    for (std::size_t link = 0; link < links->size(); ++link) {
      if ((*links)[link]) {
        samples.value(one.id, key, "xgmi" + std::to_string(link), *(*links)[link]);
      }
    }
  }
  sample_throttling(samples, one, *metrics);
}

void Sampler::sample_throttling(sdk::Samples& samples, const One& one, const GpuMetrics& metrics) {
  for (const auto& [reason, in_force] : metrics.throttled) {
    samples.value(one.id, "throttled", reason, in_force ? 1 : 0);
  }
  if (metrics.throttle_residency.empty()) {
    return;
  }
  auto& last = residency_[one.gpu.pci];
  for (const auto& [reason, so_far] : metrics.throttle_residency) {
    if (const auto before = last.find(reason); before != last.end()) {
      samples.value(one.id, "throttled", reason, so_far != before->second ? 1 : 0);
    }
  }
  last = metrics.throttle_residency;
}

void Sampler::sample_parts(sdk::Samples& samples, const One& one, const GpuMetrics* metrics) {
  for (std::size_t place = 0; one.gpu.divided && place < one.gpu.parts.size(); ++place) {
    const Part& part = one.gpu.parts[place];
    const std::string id = part_id(one.id, place);
    if (part.memory_bytes > 0) {
      samples.value(id, "memory-total", static_cast<double>(part.memory_bytes));
    }
    if (const auto used = used_memory(host_.sys_root, part)) {
      samples.value(id, "memory-used", static_cast<double>(*used));
    }
    if (metrics != nullptr && place < metrics->parts.size() && metrics->parts[place]) {
      samples.value(id, "utilisation", "compute", *metrics->parts[place]);
    }
  }
}

void Sampler::sample_ras(sdk::Samples& samples, const One& one) {
  const RasCounts* counts = ras_.counts(one.gpu.pci);
  if (counts == nullptr) {
    return;
  }
  for (const auto& [label, count] : {std::pair("ecc-corrected", counts->corrected),
                                     std::pair("ecc-uncorrected", counts->uncorrected),
                                     std::pair("retired-page", counts->bad_pages)}) {
    if (count) {
      samples.value(one.id, "errors", label, static_cast<double>(*count));
    }
  }
}

void Sampler::sample_processes(sdk::Samples& samples) {
  std::vector<KfdTarget> targets;
  for (std::size_t place = 0; place < gpus_.size(); ++place) {
    const std::string id = "amd:" + std::to_string(place);
    for (std::size_t part = 0; part < gpus_[place].parts.size(); ++part) {
      const Part& one = gpus_[place].parts[part];
      if (one.kfd && one.kfd->gpu_id != 0) {
        targets.push_back({one.kfd->gpu_id, one.compute_units,
                           gpus_[place].divided ? part_id(id, part) : id,
                           is_asleep(host_.sys_root, gpus_[place].pci_folder)});
      }
    }
  }
  emit_kfd_processes(samples, host_.sys_root, targets);
}

}  // namespace xpu::amd
