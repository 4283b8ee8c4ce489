// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/nvml_session.h"

#include <algorithm>

#include "backends/nvidia/devices.h"
#include "backends/nvidia/driver_files.h"
#include "backends/nvidia/platform.h"
#include "backends/nvidia/tegra_csv.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

constexpr unsigned kMaxGpus = 512;
constexpr unsigned kMaxParts = 64;
constexpr const char* kWslNvml = "/usr/lib/wsl/lib/libnvidia-ml.so.1";

}  // namespace

std::vector<std::string> NvmlSession::gpus_of_module() const {
  return options_.sys_root.list(sdk::join(kProc, "gpus"));
}

Mode NvmlSession::mode() const {
  if (mode_ == Mode::kNvml) {
    mode_ = mode_of(options_);
  }
  return mode_;
}

bool NvmlSession::wanted() const {
  // Without the module's own folder a driver of another kind is asked, which loads nothing.
  return !gpus_of_module().empty() ||
         (!options_.sys_root.is_file(sdk::join(kProc, "version")) && mode() != Mode::kNvml);
}

bool NvmlSession::is_current() const {
  return gpus_of_module() == opened_with_ && wanted();
}

std::vector<std::string> NvmlSession::candidates() const {
  const auto version = options_.sys_root.read(sdk::join(kProc, "version"));
  if (version) {
    return nvml_candidates(options_.driver_root, parse_driver_version(*version));
  }
  if (mode() == Mode::kCsv) {
    return nvml_of_specs(
        options_.driver_root,
        read_mount_specs(options_.driver_root, options_.dev_root, options_.csv_path));
  }
  const bool wsl = options_.driver_root.is_file(kWslNvml);
  return wsl ? std::vector{options_.driver_root.host_path(kWslNvml)} : std::vector<std::string>();
}

bool NvmlSession::open() {
  if (is_open()) {
    return true;
  }
  opened_with_ = gpus_of_module();
  problem_ = "libnvidia-ml.so.1 is not below " + options_.driver_root.host_path("/");
  for (const std::string& path : candidates()) {
    nvml_ = Nvml::load(path, problem_);
    if (!nvml_) {
      continue;
    }
    if (const nvml::Status status = nvml_->init(); status != nvml::kSuccess) {
      problem_ = path + ": " + nvml_->text(status);
      continue;
    }
    live_.emplace(nvml_->library());
    look_at_gpus();
    problem_.clear();
    return true;
  }
  return false;
}

void NvmlSession::close() {
  if (is_open()) {
    nvml_->shutdown();
  }
  live_.reset();
  gpus_.clear();
}

void NvmlSession::look_at_gpus() {
  unsigned count = 0;
  gpus_.clear();
  if (nvml_->count(count) != nvml::kSuccess) {
    return;
  }
  for (unsigned i = 0; i < std::min(count, kMaxGpus); ++i) {
    OpenGpu gpu;
    if (nvml_->device(i, gpu.handle) != nvml::kSuccess) {
      gpu.handle = nullptr;
    }
    gpu.id = gpu.handle ? nvml_->uuid(gpu.handle) : "";
    if (gpu.id.empty()) {
      gpu.id = std::string(kVendorName) + ":" + std::to_string(i);
    }
    gpus_.push_back(std::move(gpu));
  }
  look_at_parts();
}

void NvmlSession::look_at_parts() {
  for (unsigned index = 0; index < gpus_.size(); ++index) {
    OpenGpu& gpu = gpus_[index];
    gpu.parts.clear();
    if (!gpu.handle || !nvml_->mig_enabled(gpu.handle).value_or(false)) {
      continue;
    }
    const unsigned most = std::min(nvml_->max_mig_devices(gpu.handle), kMaxParts);
    for (unsigned i = 0; i < most; ++i) {
      OpenPart part;
      if (nvml_->mig_device(gpu.handle, i, part.handle) != nvml::kSuccess) {
        continue;
      }
      const auto gpu_instance = nvml_->gpu_instance(part.handle);
      const auto compute_instance = nvml_->compute_instance(part.handle);
      if (!gpu_instance || !compute_instance) {
        continue;
      }
      part.gpu_instance = *gpu_instance;
      part.compute_instance = *compute_instance;
      part.id = nvml_->uuid(part.handle);
      if (part.id.empty()) {
        part.id = std::string(kVendorName) + ":" + std::to_string(index) + ":" + std::to_string(i);
      }
      gpu.parts.push_back(std::move(part));
    }
  }
}

const OpenGpu* NvmlSession::find(nvml::Device handle) const {
  for (const OpenGpu& gpu : gpus_) {
    if (gpu.handle && gpu.handle == handle) {
      return &gpu;
    }
  }
  return nullptr;
}

}  // namespace xpu::nvidia
