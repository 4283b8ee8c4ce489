// SPDX-License-Identifier: Apache-2.0
// Which container uses how much of which device, without a tool in the container: processes are
// those of the container's cgroup, and what they use is what the kernel's DRM drivers account
// (/proc/PID/fdinfo) and what backends say of processes.
//
// A look at a container without work costs a few microseconds: the open files of a process are
// looked through when it is new, when their number changed, and every half minute at the latest.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/plugin/refresh.h"
#include "core/record/record.h"
#include "core/watch/message.h"

namespace xpu {

// Keys and labels:
//   "memory"         ""      bytes of the device's own memory; of all memory where the driver does
//                            not tell them apart
//   "memory-region"  region  bytes in each region, in the driver's words; only of DRM drivers
//   "engine-time"    engine  seconds, a counter
//   "utilisation"    engine  ratio, 0 to 1, since the last look; none at the first one
struct ContainerUse {
  std::string device;  // id
  std::string key, label;
  double value = 0;
  bool operator==(const ContainerUse&) const = default;
};

struct Attributed {
  std::string container, runtime_root;
  std::vector<int> pids;  // with a device open, or in a backend's list; ascending
  std::vector<ContainerUse> uses;
};

struct ProcessUse {
  int pid = 0;
  std::string command;    // /proc/PID/comm
  std::string container;  // id; "" for none that is known
  std::vector<ContainerUse> uses;
};

class Attribution {
 public:
  // `root` stands before /proc and /sys; "" for this host.
  explicit Attribution(std::string root = "");
  ~Attribution();
  Attribution(const Attribution&) = delete;
  Attribution& operator=(const Attribution&) = delete;

  struct Look {
    std::vector<Attributed> containers;  // of every record that holds devices, in their order
    std::vector<ProcessUse> processes;   // by pid
  };
  // `samples`: by the name of the backend. What processes used that have ended stays in the
  // counters of their containers for as long as this object and the container live. What may not be
  // read is left out; never throws Error.
  Look look(const std::vector<Record>& live, const std::vector<BackendStatus>& backends,
            const std::map<std::string, watch::Sample>& samples);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace xpu
