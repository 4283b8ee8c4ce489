// SPDX-License-Identifier: Apache-2.0
// Watching: what the kernel tells of AMD's GPUs, and what it does not tell and has to be looked at.
//
//   told, by uevents      PCI functions that come, go, are bound and unbound; DRM and KFD nodes;
//                         amdgpu as a module; DRM's WEDGED; dumps of a GPU that hung (devcoredump)
//   told, by KFD          resets, with their beginning and end, heat, faults, hangs (kfd_events.h)
//   looked at, each       the number of the topology, which changes when a GPU is divided anew, and
//   `look-seconds`        KFD's list of processes: sysfs tells no change of either
//   looked at, slowly     RAS counters and bad pages: where samples are taken, those of the sample,
//                         else one file at each look
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "backends/amd/health.h"
#include "backends/amd/kfd_events.h"
#include "backends/amd/options.h"
#include "backends/amd/ras.h"
#include "sdk/helpers/uevents.h"
#include "xpu/live.hpp"

namespace xpu::amd {

enum class Listen { kWhileUsed, kAlways, kNever };

struct WatchOptions {
  Listen listen = Listen::kWhileUsed;
  std::chrono::seconds look_every{2};
};
// Throws sdk::Invalid.
WatchOptions watch_options(const Option& option);

class Watch {
 public:
  // `ras` is shared with what takes samples, which says by `sampling` that it reads it.
  Watch(Ras& ras, const bool& sampling) : ras_(ras), sampling_(sampling) {}
  ~Watch() { stop(); }

  // Throws sdk::Absent where there is nothing of AMD's.
  void start(sdk::Events& events);
  int fd() const { return epoll_; }
  std::uint32_t dispatch(sdk::Events& events);
  void stop();

 private:
  struct Known {  // a GPU
    std::string name, mode;
    std::uint32_t kfd_id = 0;
    GpuHealth health;
  };
  using Time = GpuHealth::Time;

  void read_gpus_anew();
  void take_uevents(sdk::Events& events, Time now);
  void take_uevent(sdk::Events& events, const sdk::Uevent& uevent, Time now);
  void take_pci(sdk::Events& events, const sdk::Uevent& uevent);
  void take_drm(sdk::Events& events, const sdk::Uevent& uevent, Time now);
  void take_dump(const sdk::Uevent& uevent, Time now);
  void take_kfd(sdk::Events& events, Time now);
  void look(sdk::Events& events, Time now);
  void look_at_topology(sdk::Events& events);
  void look_at_processes(sdk::Events& events, Time now);
  void say_health(sdk::Events& events, Time now);
  bool is_ours(const std::string& pci) const;
  Known* known(const std::string& pci);

  Ras& ras_;
  const bool& sampling_;
  Host host_{sdk::Root("/"), sdk::Root("/"), sdk::Root("/"), ""};
  HealthRules rules_;
  Listen listen_ = Listen::kWhileUsed;
  std::chrono::milliseconds look_every_{2000};
  int epoll_ = -1;
  sdk::UeventMonitor monitor_;
  KfdListener kfd_;
  bool kfd_failed_ = false;  // said already
  std::string generation_;
  // By PCI address; what was said last of each is kept when it goes, to take it back when it comes.
  std::map<std::string, Known> gpus_;
  std::map<std::string, Verdict> said_;
  Time next_look_{};
  bool changed_ = false;  // the list has to be read anew
};

}  // namespace xpu::amd
