// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/processes.h"

#include <algorithm>
#include <limits>

#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

constexpr double kMicro = 1e-6;
constexpr std::size_t kMost = 4096;  // processes in one sample

std::optional<double> number(const sdk::Root& root, const std::string& path) {
  const auto value = root.read_number(path);
  return value && *value >= 0 ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

void emit_one(sdk::Samples& samples, const sdk::Root& proc, const std::string& folder,
              std::int32_t pid, const KfdTarget& target) {
  const std::string gpu = std::to_string(target.gpu);
  const auto memory = number(proc, folder + "/vram_" + gpu);
  if (memory && *memory > 0) {
    samples.process(target.device, pid, "memory", "", *memory);
  }
  if (target.asleep) {
    return;
  }
  const auto copies = number(proc, folder + "/sdma_" + gpu);
  if (copies && *copies > 0) {
    samples.process(target.device, pid, "engine-time", "copy", *copies * kMicro);
  }
  const auto units = number(proc, folder + "/stats_" + gpu + "/cu_occupancy");
  if (units && target.compute_units > 0 && (*units > 0 || (memory && *memory > 0))) {
    samples.process(target.device, pid, "utilisation", "compute",
                    std::min(1.0, *units / static_cast<double>(target.compute_units)));
  }
}

}  // namespace

void emit_kfd_processes(sdk::Samples& samples, const sdk::Root& sys_root,
                        const std::vector<KfdTarget>& targets) {
  const std::string folder = sys_root.resolve(kKfdProcesses).value_or(kKfdProcesses);
  const sdk::Root proc(sys_root.host_path(folder));
  std::size_t count = 0;
  for (const std::string& name : proc.list("/")) {
    const auto pid = sdk::parse_number(name);
    if (!pid || *pid <= 0 || *pid > std::numeric_limits<std::int32_t>::max()) {
      continue;
    }
    if (++count > kMost) {
      break;
    }
    for (const KfdTarget& target : targets) {
      emit_one(samples, proc, "/" + name, static_cast<std::int32_t>(*pid), target);
    }
  }
}

std::optional<std::uint64_t> used_memory(const sdk::Root& sys_root, const Part& part) {
  if (!part.kfd) {
    return std::nullopt;
  }
  const std::string banks = sdk::join(
      sdk::join(sdk::join(kTopology, "nodes"), std::to_string(part.kfd->number)), "mem_banks");
  std::optional<std::uint64_t> used;
  for (const std::string& bank : sys_root.list(banks)) {
    const auto value = sys_root.read_number(sdk::join(sdk::join(banks, bank), "used_memory"));
    if (value && *value >= 0) {
      used = used.value_or(0) + static_cast<std::uint64_t>(*value);
    }
  }
  return used;
}

}  // namespace xpu::amd
