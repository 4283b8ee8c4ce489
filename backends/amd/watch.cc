// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/watch.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "backends/amd/devices.h"
#include "backends/amd/hardware.h"
#include "backends/amd/nodes.h"
#include "backends/amd/presence.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::amd {
namespace {

using sdk::EventKind;

constexpr const char* kDriver = "amdgpu";
// Dispatching takes no more of a burst than this before it looks at the other sources.
constexpr int kUeventsAtOnce = 4096;
// One that takes longer will not end any more.
constexpr auto kResetTakes = std::chrono::minutes(5);

std::string with_driver(const sdk::Uevent& uevent) {
  return uevent.driver.empty() ? "" : " (driver " + uevent.driver + ")";
}

// "1002:740F", "120000": what the kernel says of a PCI function also when it has gone.
bool says_our_gpu(const sdk::Uevent& uevent) {
  const std::string id = uevent.property("PCI_ID");
  const std::string kind = uevent.property("PCI_CLASS");
  // A class of less than six digits has lost its zero in front: "30000" is 0x030000.
  const std::string base = kind.size() == 6 ? kind.substr(0, 2) : "0" + kind.substr(0, 1);
  return id.rfind("1002:", 0) == 0 && kind.size() >= 5 && (base == "03" || base == "12");
}

bool is_partition(const sdk::Uevent& uevent) {
  return uevent.devpath.find("/amdgpu_xcp") != std::string::npos;
}

}  // namespace

WatchOptions watch_options(const Option& option) {
  return {
      static_cast<Listen>(word_option(option, "kfd-events", {"while-used", "always", "never"})),
      std::chrono::seconds(std::max(1u, number_option(option, "look-seconds"))),
  };
}

void Watch::start(sdk::Events& events) {
  const Option option = option_of(events);
  host_ = host_of(option);
  rules_ = health_rules(option, host_.sys_root);
  const WatchOptions wish = watch_options(option);
  listen_ = wish.listen;
  look_every_ = wish.look_every;
  if (const std::string problem = why_absent(host_.sys_root); !problem.empty()) {
    throw sdk::Absent(problem);
  }
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) {
    throw std::runtime_error(std::string("cannot watch GPUs: epoll: ") + std::strerror(errno));
  }
  try {
    monitor_.open({"pci", "drm", "kfd", "module", "devcoredump"});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = monitor_.fd();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, monitor_.fd(), &event);
    generation_ = host_.sys_root.read_line(sdk::join(kTopology, "generation_id"));
    read_gpus_anew();
  } catch (...) {
    stop();
    throw;
  }
}

void Watch::stop() {
  kfd_.close();
  monitor_.close();
  if (epoll_ >= 0) {
    ::close(epoll_);
    epoll_ = -1;
  }
  gpus_.clear();
  said_.clear();
  // Watching anew begins anew.
  kfd_failed_ = false;
  next_look_ = {};
}

// GPUs that stay keep what is known of them.
void Watch::read_gpus_anew() {
  changed_ = false;
  const std::vector<Gpu> found = read_gpus(Kfd(host_.sys_root), host_.sys_root, host_.driver_root);
  const std::vector<std::string> names = lasting_names(found);
  std::map<std::string, Known> gpus;
  for (std::size_t place = 0; place < found.size(); ++place) {
    const Gpu& gpu = found[place];
    if (gpu.pci.empty() || gpus.count(gpu.pci) != 0) {
      continue;
    }
    Known& now = gpus[gpu.pci];
    if (const auto old = gpus_.find(gpu.pci); old != gpus_.end()) {
      now = old->second;
    }
    now.name = names[place];
    now.mode = gpu.mode;
    now.kfd_id = gpu.parts[0].kfd ? gpu.parts[0].kfd->gpu_id : 0;
  }
  gpus_ = std::move(gpus);
  ras_.set_gpus(host_.sys_root, found);
}

bool Watch::is_ours(const std::string& pci) const {
  const auto device = pci.empty() ? std::nullopt : sdk::pci_device(host_.sys_root, pci);
  return gpus_.count(pci) != 0 || (device && is_our_gpu(*device));
}

Watch::Known* Watch::known(const std::string& pci) {
  const auto found = gpus_.find(pci);
  return found == gpus_.end() ? nullptr : &found->second;
}

std::uint32_t Watch::dispatch(sdk::Events& events) {
  const Time now = GpuHealth::Clock::now();
  take_uevents(events, now);
  take_kfd(events, now);
  if (now >= next_look_) {
    look(events, now);
    next_look_ = now + look_every_;
  }
  if (changed_) {
    read_gpus_anew();
  }
  say_health(events, now);
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(next_look_ - GpuHealth::Clock::now());
  return static_cast<std::uint32_t>(std::max<std::int64_t>(left.count() + 1, 50));
}

void Watch::take_uevents(sdk::Events& events, Time now) {
  monitor_.each(
      kUeventsAtOnce, [&](const sdk::Uevent& uevent) { take_uevent(events, uevent, now); },
      [&] {
        events.lost("the kernel's messages about devices came faster than they were read");
        changed_ = true;
      });
}

void Watch::take_uevent(sdk::Events& events, const sdk::Uevent& uevent, Time now) {
  if (uevent.subsystem == "pci") {
    take_pci(events, uevent);
  } else if (uevent.subsystem == "drm") {
    take_drm(events, uevent, now);
  } else if (uevent.subsystem == "devcoredump") {
    take_dump(uevent, now);
  } else if (uevent.subsystem == "kfd" && (uevent.action == "add" || uevent.action == "remove")) {
    events.report(uevent.action == "add" ? EventKind::kAdded : EventKind::kRemoved, "",
                  uevent.action == "add" ? "the compute driver (KFD) appeared"
                                         : "the compute driver (KFD) went");
    changed_ = true;
  } else if (uevent.subsystem == "module" && uevent.sysname == kDriver &&
             (uevent.action == "add" || uevent.action == "remove")) {
    events.report(
        uevent.action == "add" ? EventKind::kAdded : EventKind::kRemoved, "",
        uevent.action == "add" ? "the driver amdgpu was loaded" : "the driver amdgpu was unloaded");
    changed_ = true;
  }
}

void Watch::take_pci(sdk::Events& events, const sdk::Uevent& uevent) {
  const std::string pci = uevent.pci();
  if (pci.empty() || !(says_our_gpu(uevent) || uevent.driver == kDriver || gpus_.count(pci) != 0)) {
    return;
  }
  const bool comes = uevent.action == "add" || uevent.action == "bind";
  if (!comes && uevent.action != "remove" && uevent.action != "unbind") {
    return;
  }
  const std::string what = uevent.action == "add"      ? "was added"
                           : uevent.action == "bind"   ? "was bound" + with_driver(uevent)
                           : uevent.action == "remove" ? "was removed"
                                                       : "lost its driver";
  events.report(comes ? EventKind::kAdded : EventKind::kRemoved, pci,
                "the GPU at " + pci + " " + what);
  // Whatever it had, a driver begins anew with it.
  if (Known* gpu = known(pci)) {
    gpu->health = {};
  }
  changed_ = true;
}

void Watch::take_drm(sdk::Events& events, const sdk::Uevent& uevent, Time now) {
  const std::string pci = uevent.pci();
  if (uevent.action == "change") {
    const std::string methods = uevent.property("WEDGED");
    Known* gpu = known(pci);
    if (methods.empty() || gpu == nullptr) {
      return;
    }
    if (methods == "none") {
      gpu->health.reset_done("", now);
    } else {
      gpu->health.wedged("the driver cannot recover it; what it asks for: " + methods);
    }
    return;
  }
  // Connectors are no nodes.
  if (uevent.devnode.empty() || !(is_partition(uevent) || is_ours(pci))) {
    return;
  }
  if (uevent.action == "add" || uevent.action == "remove") {
    events.report(EventKind::kChanged, is_partition(uevent) ? "" : pci,
                  uevent.devnode + (uevent.action == "add" ? " appeared" : " went"));
    changed_ = true;
  }
}

// The driver writes one when it has to reset a GPU that hung.
void Watch::take_dump(const sdk::Uevent& uevent, Time now) {
  const std::string link = sdk::join(sdk::join("/sys", uevent.devpath), "failing_device");
  const std::string device =
      uevent.action == "add" ? host_.sys_root.link_target(link).value_or("") : "";
  const auto pci = sdk::normal_pci_address(sdk::base_name(device));
  Known* gpu = pci ? known(*pci) : nullptr;
  if (gpu != nullptr && !gpu->health.is_resetting()) {
    gpu->health.reset_done("it hung; its state is in " + sdk::join("/sys", uevent.devpath), now);
  }
}

void Watch::take_kfd(sdk::Events& events, Time now) {
  const KfdListener::Read read = kfd_.read();
  for (const std::string& problem : read.problems) {
    if (!kfd_failed_) {
      events.log(sdk::Severity::kWarn, problem + "; resets are known by uevents only");
      kfd_failed_ = true;
    }
  }
  std::map<Known*, std::pair<std::size_t, std::string>> faults;
  for (const KfdListener::Got& got : read.events) {
    const auto gpu = std::find_if(gpus_.begin(), gpus_.end(),
                                  [&](const auto& one) { return one.second.kfd_id == got.gpu; });
    if (got.event.kind == KfdEvent::Kind::kDropped) {
      events.lost("the compute driver's messages came faster than they were read");
    }
    if (gpu == gpus_.end()) {
      continue;
    }
    GpuHealth& health = gpu->second.health;
    switch (got.event.kind) {
      case KfdEvent::Kind::kPreReset:
        // What comes within one read is said step by step.
        say_health(events, now);
        health.resetting(got.event.text, now);
        say_health(events, now);
        break;
      case KfdEvent::Kind::kPostReset:
        health.reset_done(got.event.text, now);
        break;
      case KfdEvent::Kind::kThrottle:
        health.throttled("it was too hot (throttlers 0x" + got.event.text + ")", now);
        break;
      case KfdEvent::Kind::kHang:
        events.log(sdk::Severity::kWarn, gpu->first + ": a ring hangs: " + got.event.text);
        break;
      case KfdEvent::Kind::kFault:
        ++faults[&gpu->second].first;
        faults[&gpu->second].second = got.event.text;
        break;
      case KfdEvent::Kind::kDropped:
        break;
    }
  }
  // The fault of programs, not of the GPU.
  for (const auto& [gpu, seen] : faults) {
    events.log(sdk::Severity::kInfo, gpu->name + ": " + std::to_string(seen.first) +
                                         " faults of access, the last by " + seen.second);
  }
}

void Watch::look(sdk::Events& events, Time now) {
  look_at_topology(events);
  look_at_processes(events, now);
  if (!sampling_) {
    ras_.step();
  }
}

// A GPU that is divided anew changes the topology, and its mode beside.
void Watch::look_at_topology(sdk::Events& events) {
  const std::string generation = host_.sys_root.read_line(sdk::join(kTopology, "generation_id"));
  if (generation == generation_) {
    return;
  }
  generation_ = generation;
  std::map<std::string, std::string> modes;
  for (const auto& [pci, gpu] : gpus_) {
    modes[pci] = gpu.mode;
  }
  // Descriptors of parts that are no more are of no use.
  kfd_.close();
  kfd_failed_ = false;
  read_gpus_anew();
  bool said = false;
  for (const auto& [pci, gpu] : gpus_) {
    const auto before = modes.find(pci);
    if (before != modes.end() && before->second != gpu.mode) {
      events.report(EventKind::kChanged, gpu.name,
                    "the GPU at " + pci + " is divided anew: " +
                        (before->second.empty() ? "not divided" : before->second) + ", now " +
                        (gpu.mode.empty() ? "not divided" : gpu.mode));
      said = true;
    }
  }
  if (!said) {
    events.report(EventKind::kChanged, "", "the topology of the compute driver changed");
  }
}

void Watch::look_at_processes(sdk::Events& events, Time now) {
  // A reset ends those who use the GPU, and its end is still to be heard of.
  const bool expects = std::any_of(gpus_.begin(), gpus_.end(), [&](const auto& gpu) {
    return gpu.second.health.is_resetting() && gpu.second.health.resetting_for(now) < kResetTakes;
  });
  const bool wanted =
      listen_ == Listen::kAlways ||
      (listen_ == Listen::kWhileUsed && (expects || !host_.sys_root.list(kKfdProcesses).empty()));
  if (!wanted) {
    kfd_.close();
    kfd_failed_ = false;
    return;
  }
  if (kfd_.is_open() || kfd_failed_) {
    return;
  }
  std::vector<std::uint32_t> ids;
  for (const auto& [pci, gpu] : gpus_) {
    if (gpu.kfd_id != 0) {
      ids.push_back(gpu.kfd_id);
    }
  }
  if (!ids.empty()) {
    try {
      kfd_.open(host_.dev_root.host_path(kKfdNode), ids, epoll_);
    } catch (const std::runtime_error& error) {
      events.log(sdk::Severity::kWarn, error.what());
      kfd_failed_ = true;
    }
  }
}

void Watch::say_health(sdk::Events& events, Time now) {
  for (auto& [pci, gpu] : gpus_) {
    if (const RasCounts* counts = ras_.counts(pci)) {
      gpu.health.counted(*counts);
    }
    const Verdict verdict = gpu.health.verdict(rules_, now);
    Verdict& said = said_[pci];
    if (verdict == said) {
      continue;
    }
    said = verdict;
    events.health(
        gpu.name, verdict.health,
        "the GPU at " + pci + ": " +
            (verdict.reason.empty() ? "nothing is wrong with it any more" : verdict.reason));
  }
}

}  // namespace xpu::amd
