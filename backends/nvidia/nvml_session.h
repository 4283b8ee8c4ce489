// SPDX-License-Identifier: Apache-2.0
// NVML held open over many questions, with the GPUs that it knows.
//
// While NVML is open the kernel module counts a user: it cannot be unloaded, and the GPU cannot be
// reset. So it is open only while the module has GPUs, and nobody makes the module load by opening
// it. Who wants to unload the module stops this process before, as with every program that watches
// GPUs (NVIDIA's own device plugin and DCGM are stopped for it too), or sets watch-nvml to false.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/nvidia/nvml_live.h"
#include "backends/nvidia/options.h"

namespace xpu::nvidia {

struct OpenPart {
  nvml::Device handle = nullptr;
  unsigned gpu_instance = 0, compute_instance = 0;
  std::string id;
};

struct OpenGpu {
  nvml::Device handle = nullptr;  // null: NVML has lost the GPU
  std::string id;                 // UUID, else "nvidia:0"
  std::vector<OpenPart> parts;
};

class NvmlSession {
 public:
  explicit NvmlSession(const Options& options) : options_(options) {}
  ~NvmlSession() { close(); }
  NvmlSession(const NvmlSession&) = delete;
  NvmlSession& operator=(const NvmlSession&) = delete;

  // Whether there is a driver with GPUs, for which it may be opened.
  bool wanted() const;
  // Opens it where it is not, which may load the library. False with the reason in problem().
  bool open();
  void close();
  bool is_open() const { return live_.has_value(); }
  // Whether the module still has the GPUs that it had when NVML was opened.
  bool is_current() const;
  const std::string& problem() const { return problem_; }

  // While it is open.
  const NvmlLive& live() const { return *live_; }
  const Nvml& nvml() const { return *nvml_; }
  const std::vector<OpenGpu>& gpus() const { return gpus_; }
  // The GPU with this handle; null for none.
  const OpenGpu* find(nvml::Device handle) const;
  // Partitions come and go while NVML is open; GPUs do not.
  void look_at_parts();

 private:
  std::vector<std::string> candidates() const;
  std::vector<std::string> gpus_of_module() const;
  // Another than kNvml is found out once: it stays, and asking may open NVML.
  Mode mode() const;
  void look_at_gpus();

  const Options& options_;
  std::optional<Nvml> nvml_;
  std::optional<NvmlLive> live_;
  std::vector<OpenGpu> gpus_;
  std::vector<std::string> opened_with_;
  std::string problem_;
  mutable Mode mode_ = Mode::kNvml;
};

}  // namespace xpu::nvidia
