// SPDX-License-Identifier: Apache-2.0
// What nobody has made yet after boot: the driver's device nodes, and its modules in the kernel.
#pragma once

#include <chrono>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/fs.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

// Makes nodes that are missing, by nvidia-modprobe where it is installed, else by itself, and loads
// modules where the options say so. Only as root. Never fails: what could not be made is in the
// log, and the devices that need it say what they lack.
class MissingNodes {
 public:
  // Reads the options make-nodes and load-modules; throws sdk::Invalid for other values than they
  // may have.
  MissingNodes(sdk::Sink& sink, const sdk::Root& driver_root, const sdk::Root& dev_root,
               const sdk::Root& sys_root);

  // Modules, control nodes and those of the GPUs that the kernel module lists: NVML needs them.
  void make_for_driver();
  // What rights over partitions need.
  void make_for_partitions(const std::vector<Gpu>& gpus);

 private:
  struct Wanted {
    std::string path, driver;
    unsigned minor = 0;
    std::string rules;                   // file that says mode and owner
    std::vector<std::string> arguments;  // of nvidia-modprobe
  };

  bool loaded(const std::string& module) const;
  void load(const std::string& module, const std::vector<std::string>& arguments);
  void make(const std::vector<Wanted>& nodes);
  void run(const std::string& program, const std::vector<std::string>& arguments);
  std::string first_program(const sdk::Root& root, std::initializer_list<const char*> names) const;

  sdk::Sink& sink_;
  const sdk::Root& driver_;
  const sdk::Root& dev_;
  const sdk::Root& sys_;
  bool make_ = false, load_ = false;
  std::string modprobe_;  // nvidia-modprobe on the host; "" where there is none for these roots
  std::chrono::steady_clock::time_point programs_end_;  // no program runs any longer
};

}  // namespace xpu::nvidia
