// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/sampler.h"

#include <algorithm>
#include <cctype>

#include "sdk/helpers/path.h"

namespace xpu::intel {
namespace {

constexpr double kMicro = 1e-6, kMega = 1e6;

// What the runtime calls the driver's reasons: "pl1", "vr_thermalert", "prochot", ...
const char* reason_of(const std::string& word) {
  if (word.find("thermal") != std::string::npos || word == "ratl") {
    return "thermal";
  }
  return sdk::starts_with(word, "pl") || sdk::starts_with(word, "psys") ? "power" : "hardware";
}

// A label as the runtime takes it; "" where nothing is left.
std::string label_of(const std::string& text) {
  std::string out;
  for (const unsigned char c : text.substr(0, 32)) {
    out += std::isalnum(c) != 0 ? static_cast<char>(std::tolower(c)) : '-';
  }
  return out.empty() || out[0] == '-' ? "" : out;
}

// Sensors without a label, by the kernel's documentation of each driver.
std::string sensor_of(const std::string& chip, unsigned number) {
  if (chip == "xe") {
    return number == 2 ? "core" : number == 3 ? "memory" : "sensor" + std::to_string(number);
  }
  return chip == "i915" && number == 1 ? "core" : "sensor" + std::to_string(number);
}

std::string domain_of(const char* name, unsigned tile, unsigned tiles) {
  return tiles > 1 ? name + std::string(".tile") + std::to_string(tile) : name;
}

}  // namespace

SysmanUse sysman_use(const std::string& value) {
  if (value == "never") {
    return SysmanUse::kNever;
  }
  if (value == "awake") {
    return SysmanUse::kAwake;
  }
  if (value == "always") {
    return SysmanUse::kAlways;
  }
  throw sdk::Invalid("option sysman-metrics is \"" + value +
                     "\"; it is one of \"never\", \"awake\" and \"always\"");
}

void Sampler::start(sdk::Samples& samples) {
  host_.emplace(host_of(samples));
  use_ = sysman_use(samples.option("sysman-metrics"));
  out_ = &samples;
  find();
  if (gpus_.empty() && npus_.empty() && gaudis_.empty()) {
    throw sdk::Absent("no device of the drivers i915, xe, intel_vpu and habanalabs is below " +
                      host_->sys_root.host_path("/sys/class"));
  }
}

std::string Sampler::listing() const {
  std::string text;
  for (const char* folder : {kDrm, kAccel, kOldGaudi}) {
    for (const std::string& name : host_->sys_root.list(folder)) {
      text += name + "=" +
              host_->sys_root.link_target(sdk::join(folder, name)).value_or(std::string()) + "\n";
    }
  }
  return text;
}

// Finding out what each node is takes longer than reading what it does.
void Sampler::find() {
  std::string now = listing();
  if (now == listing_ && !listing_.empty()) {
    return;
  }
  gpus_ = find_gpus(host_->sys_root);
  npus_ = find_npus(host_->sys_root);
  gaudis_ = find_gaudis(host_->sys_root);
  listing_ = std::move(now);
  if (gpus_.empty() || use_ == SysmanUse::kNever) {
    return;
  }
  const std::string problem =
      meter_.open(host_->driver_root, [&](const std::string& pci) { return may_count(pci); });
  if (!problem.empty() && problem != problem_) {
    out_->log(sdk::Severity::kInfo, "Level Zero Sysman does not answer (" + problem +
                                        "): GPUs are measured as far as sysfs tells");
  }
  problem_ = problem;
}

// The counters of xe keep the device awake as long as they are open.
bool Sampler::may_count(const std::string& pci) const {
  const auto gpu =
      std::find_if(gpus_.begin(), gpus_.end(), [&](const Gpu& each) { return each.pci == pci; });
  return gpu != gpus_.end() &&
         (use_ == SysmanUse::kAlways || gpu->driver != "xe" ||
          host_->sys_root.read_line(gpu->folder + "/power/control") != "auto");
}

void Sampler::sample(sdk::Samples& samples) {
  out_ = &samples;
  find();
  for (const Gpu& each : gpus_) {
    gpu(each);
  }
  for (const Accelerator& each : npus_) {
    npu(each);
  }
  for (const Accelerator& each : gaudis_) {
    gaudi(each);
  }
}

void Sampler::say(const char* key, const std::string& label, double value) {
  out_->value(device_, key, label, value);
}

std::optional<double> Sampler::number(const std::string& file) const {
  const auto read = host_->sys_root.read_number(file);
  return read ? std::optional<double>(static_cast<double>(*read)) : std::nullopt;
}

std::optional<double> Sampler::rate(const std::string& counter, double value) {
  const Clock::time_point now = Clock::now();
  const auto [last, is_new] = counters_.try_emplace(device_ + " " + counter, value, now);
  const double grown = value - last->second.first;
  const double seconds = std::chrono::duration<double>(now - last->second.second).count();
  if (is_new || (seconds < 0.01 && grown >= 0)) {
    return std::nullopt;
  }
  last->second = {value, now};
  return grown >= 0 ? std::optional<double>(grown / seconds) : std::nullopt;
}

void Sampler::gpu(const Gpu& gpu) {
  device_ = gpu.pci;
  const bool has_used = memory(gpu);
  // Most of the rest would wake it up.
  if (host_->sys_root.read_line(gpu.folder + "/power/runtime_status") == "suspended") {
    return;
  }
  if (!has_used) {
    memory_of_meter(gpu);
  }
  meter_.emit(*out_, gpu.pci);
  if (gpu.driver == "xe") {
    clocks_of_xe(gpu);
  } else {
    clocks_of_i915(gpu);
  }
  sensors(gpu.folder);
  link_errors(gpu.folder);
}

// Whether it is known how much of it is in use.
bool Sampler::memory(const Gpu& gpu) {
  if (gpu.memory_bytes == 0) {
    return false;
  }
  const double total = static_cast<double>(gpu.memory_bytes);
  say("memory-total", "", total);
  for (const char* name : {"lmem_avail_bytes", "prelim_lmem_avail_bytes"}) {
    const auto available = number(sdk::join(gpu.card, name));
    if (available && *available >= 0 && *available <= total) {
      say("memory-used", "", total - *available);
      return true;
    }
  }
  return false;
}

void Sampler::memory_of_meter(const Gpu& gpu) {
  const auto memory = meter_.memory(gpu.pci);
  if (!memory) {
    return;
  }
  if (gpu.memory_bytes == 0) {
    say("memory-total", "", memory->total);
  }
  say("memory-used", "", memory->used);
}

void Sampler::clocks(const std::string& domain, const std::string& now, const std::string& most) {
  const auto hertz = number(now), limit = number(most);
  if (hertz && *hertz >= 0) {
    say("clock", domain, *hertz * kMega);
  }
  if (limit && *limit > 0) {
    say("clock-limit", domain, *limit * kMega);
  }
}

// A "gt" for each tile; of a device of one tile the second one is the media engine. Before 5.18
// there is but the card.
void Sampler::clocks_of_i915(const Gpu& gpu) {
  std::map<std::string, bool> reasons;
  bool any = false;
  for (const std::string& name : host_->sys_root.list(gpu.card + "/gt")) {
    const auto index = numbered(name, "gt");
    const std::string folder = gpu.card + "/gt/" + name;
    if (!index || !host_->sys_root.is_file(folder + "/rps_act_freq_mhz")) {
      continue;
    }
    any = true;
    clocks(gpu.tiles > 1 || *index == 0 ? domain_of("compute", *index, gpu.tiles) : "media",
           folder + "/rps_act_freq_mhz", folder + "/rps_max_freq_mhz");
    throttling(folder, "throttle_reason_", reasons);
  }
  if (!any) {
    clocks("compute", gpu.card + "/gt_act_freq_mhz", gpu.card + "/gt_max_freq_mhz");
  }
  for (const auto& [reason, is] : reasons) {
    say("throttled", reason, is ? 1 : 0);
  }
}

void Sampler::clocks_of_xe(const Gpu& gpu) {
  std::map<std::string, bool> reasons;
  for (const std::string& tile : host_->sys_root.list(gpu.folder)) {
    const auto number_of_tile = numbered(tile, "tile");
    if (!number_of_tile) {
      continue;
    }
    bool media = false;  // which comes behind the other one of its tile
    for (const std::string& name : host_->sys_root.list(gpu.folder + "/" + tile)) {
      const std::string folder = gpu.folder + "/" + tile + "/" + name + "/freq0";
      if (!numbered(name, "gt") || !host_->sys_root.is_folder(folder)) {
        continue;
      }
      clocks(domain_of(media ? "media" : "compute", *number_of_tile, gpu.tiles),
             folder + "/act_freq", folder + "/max_freq");
      throttling(folder + "/throttle", "reason_", reasons);
      media = true;
    }
  }
  for (const auto& [reason, is] : reasons) {
    say("throttled", reason, is ? 1 : 0);
  }
}

void Sampler::throttling(const std::string& folder, const std::string& prefix,
                         std::map<std::string, bool>& reasons) const {
  for (const std::string& name : host_->sys_root.list(folder)) {
    if (!sdk::starts_with(name, prefix) || name == prefix + "status") {
      continue;
    }
    if (const auto is = number(sdk::join(folder, name))) {
      bool& reason = reasons[reason_of(name.substr(prefix.size()))];
      reason = reason || *is != 0;
    }
  }
}

void Sampler::sensors(const std::string& folder) {
  for (const std::string& name : host_->sys_root.list(folder + "/hwmon")) {
    const std::string hwmon = folder + "/hwmon/" + name;
    const std::string chip = host_->sys_root.read_line(hwmon + "/name");
    // i915 has others for each "gt", of whose energy the device's is the sum.
    if (!numbered(name, "hwmon") || sdk::starts_with(chip, "i915_")) {
      continue;
    }
    temperatures(hwmon, chip, host_->sys_root.list(hwmon));
    energy(hwmon);
    return;
  }
}

void Sampler::temperatures(const std::string& hwmon, const std::string& chip,
                           const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (!sdk::starts_with(file, "temp") || !sdk::ends_with(file, "_input")) {
      continue;
    }
    const std::string stem = file.substr(0, file.size() - 6);
    const auto value = number(sdk::join(hwmon, file));
    const auto index = numbered(stem, "temp");
    if (!value || !index) {
      continue;
    }
    const std::string word = host_->sys_root.read_line(hwmon + "/" + stem + "_label");
    std::string label = word == "pkg" ? "core" : word == "vram" ? "memory" : label_of(word);
    if (label.empty()) {
      label = sensor_of(chip, *index);
    }
    say("temperature", label, *value / 1000);
  }
}

// Channel 1 is the card, 2 its package.
void Sampler::energy(const std::string& hwmon) {
  const auto first = [&](const char* kind, const char* what) -> std::optional<double> {
    for (const char* channel : {"1", "2"}) {
      const auto value = number(hwmon + "/" + kind + channel + what);
      if (value && *value > 0) {
        return *value * kMicro;
      }
    }
    return std::nullopt;
  };
  const auto power = first("power", "_input"), joules = first("energy", "_input");
  if (const auto limit = first("power", "_max")) {
    say("power-limit", "", *limit);
  }
  const auto watts = joules ? rate("energy", *joules) : std::nullopt;
  if (joules) {
    say("energy", "", *joules);
  }
  if (power || watts) {
    say("power", "", power ? *power : *watts);
  }
}

void Sampler::npu(const Accelerator& npu) {
  device_ = npu.pci;
  if (const auto busy = number(npu.folder + "/npu_busy_time_us")) {
    const double seconds = *busy * kMicro;
    say("engine-time", "compute", seconds);
    if (const auto ratio = rate("busy", seconds)) {
      say("utilisation", "compute", std::min(*ratio, 1.0));
    }
  }
  if (const auto bytes = number(npu.folder + "/npu_memory_utilization")) {
    say("memory-used", "", *bytes);
  }
  clocks("compute", npu.folder + "/npu_current_frequency_mhz",
         npu.folder + "/npu_max_frequency_mhz");
  link_errors(npu.folder);
}

void Sampler::gaudi(const Accelerator& gaudi) {
  device_ = gaudi.pci;
  const std::string own = sdk::dir_name(gaudi.status_file);
  clocks("compute", own + "/clk_cur_freq_mhz", own + "/clk_max_freq_mhz");
  if (const auto resets = number(own + "/hard_reset_cnt")) {
    say("errors", "hard-reset", *resets);
  }
  sensors(gaudi.folder);
  link_errors(gaudi.folder);
}

// What the PCI bus reports of the device: "TOTAL_ERR_COR 3".
void Sampler::link_errors(const std::string& folder) {
  const struct {
    const char *file, *total, *label;
  } kinds[] = {{"aer_dev_correctable", "TOTAL_ERR_COR ", "pcie-corrected"},
               {"aer_dev_nonfatal", "TOTAL_ERR_NONFATAL ", "pcie-nonfatal"},
               {"aer_dev_fatal", "TOTAL_ERR_FATAL ", "pcie-fatal"}};
  for (const auto& kind : kinds) {
    const std::string text = host_->sys_root.read(sdk::join(folder, kind.file)).value_or("");
    const std::size_t at = text.find(kind.total);
    if (at == std::string::npos) {
      continue;
    }
    const std::size_t from = at + std::string(kind.total).size();
    if (const auto count = sdk::parse_number(text.substr(from, text.find('\n', from) - from))) {
      say("errors", kind.label, static_cast<double>(*count));
    }
  }
}

}  // namespace xpu::intel
