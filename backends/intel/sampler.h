// SPDX-License-Identifier: Apache-2.0
// What sysfs tells of the devices' work, and Level Zero Sysman where it is. Of processes the kernel
// keeps accounts of its own (fdinfo), which the runtime reads.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/intel/accelerators.h"
#include "backends/intel/gpus.h"
#include "backends/intel/host.h"
#include "backends/intel/meter.h"
#include "xpu/live.hpp"

namespace xpu::intel {

// What Level Zero Sysman is asked for: nothing, all but what would keep a GPU from falling asleep,
// or all.
enum class SysmanUse { kNever, kAwake, kAlways };
// Of the option "sysman-metrics"; throws sdk::Invalid.
SysmanUse sysman_use(const std::string& value);

class Sampler {
 public:
  // Throws sdk::Absent where there is no device.
  void start(sdk::Samples& samples);
  void sample(sdk::Samples& samples);

 private:
  using Clock = std::chrono::steady_clock;

  void find();
  std::string listing() const;
  bool may_count(const std::string& pci) const;
  void gpu(const Gpu& gpu);
  bool memory(const Gpu& gpu);
  void memory_of_meter(const Gpu& gpu);
  void clocks_of_i915(const Gpu& gpu);
  void clocks_of_xe(const Gpu& gpu);
  void clocks(const std::string& domain, const std::string& now, const std::string& most);
  // Adds to `reasons` what the files in `folder` that begin with `prefix` say.
  void throttling(const std::string& folder, const std::string& prefix,
                  std::map<std::string, bool>& reasons) const;
  void sensors(const std::string& folder);
  void temperatures(const std::string& hwmon, const std::string& chip,
                    const std::vector<std::string>& files);
  void energy(const std::string& hwmon);
  void npu(const Accelerator& npu);
  void gaudi(const Accelerator& gaudi);
  void link_errors(const std::string& folder);

  std::optional<double> number(const std::string& file) const;
  // What the counter grew by in a second since the last sample.
  std::optional<double> rate(const std::string& counter, double value);
  void say(const char* key, const std::string& label, double value);

  std::optional<Host> host_;
  std::string listing_;
  std::vector<Gpu> gpus_;
  std::vector<Accelerator> npus_, gaudis_;
  SysmanUse use_ = SysmanUse::kNever;
  Meter meter_;
  std::string problem_;  // why the meter has nothing, as it was last said
  std::map<std::string, std::pair<double, Clock::time_point>> counters_;
  // While it is started or takes a sample.
  sdk::Samples* out_ = nullptr;
  std::string device_;
};

}  // namespace xpu::intel
