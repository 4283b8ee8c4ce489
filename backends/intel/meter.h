// SPDX-License-Identifier: Apache-2.0
// What Level Zero Sysman measures of GPUs that sysfs does not tell: how long their engines work,
// errors, and the memory in use.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/intel/sysman_library.h"
#include "sdk/helpers/fs.h"
#include "xpu/live.hpp"

namespace xpu::intel {

class Meter {
 public:
  // Finds the GPUs that the library knows; once it answers it is not loaded anew. Why it does not
  // answer, otherwise "". A GPU that appears later is unknown to it as long as the process runs:
  // the library looks for devices once. `counts` is asked for each GPU, by its PCI address, whether
  // its engines and errors are counted.
  std::string open(const sdk::Root& driver_root,
                   const std::function<bool(const std::string& pci)>& counts);

  // Emits engine-time, utilisation and errors of the GPU.
  void emit(sdk::Samples& samples, const std::string& pci);

  struct Memory {
    double total = 0, used = 0;  // bytes
  };
  // nullopt where it has none of its own, or that is not known.
  std::optional<Memory> memory(const std::string& pci) const;

 private:
  struct Engine {
    ze::Handle handle;
    std::optional<ze::EngineStats> last;
  };
  struct ErrorSet {
    ze::Handle handle;
    bool corrected;
  };
  struct Device {
    std::vector<ze::Handle> memories;                    // of its own
    std::map<std::string, std::vector<Engine>> engines;  // by label
    std::vector<ErrorSet> errors;
  };

  bool add_devices(const std::function<bool(const std::string& pci)>& counts);
  void add_memories(ze::Handle handle, Device& device) const;
  void add_engines(ze::Handle handle, Device& device) const;
  void add_errors(ze::Handle handle, Device& device) const;
  void emit_engines(sdk::Samples& samples, const std::string& pci, const std::string& label,
                    std::vector<Engine>& engines) const;
  void emit_errors(sdk::Samples& samples, const std::string& pci, const Device& device,
                   bool corrected) const;

  std::optional<ze::Api> api_;
  std::map<std::string, Device> devices_;  // by PCI address
};

}  // namespace xpu::intel
