// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/watch.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

using sdk::EventKind;

constexpr std::int64_t kLookMs = 5000;  // at what tells nothing by itself
constexpr std::int64_t kPollMs = 1000;  // of NVML, whose events have no descriptor
constexpr int kUeventsAtOnce = 4096;    // the descriptor stays readable
constexpr std::int64_t kFirstRetryMs = 1000, kLastRetryMs = 60000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string("cannot watch devices: ") + what + ": " +
                           std::strerror(errno));
}

}  // namespace

void Watch::start() {
  stop();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) {
    fail("epoll");
  }
  // Sources before the first look: what changes in between is then told twice and not missed.
  uevents_.open({"pci", "drm", "module"});
  nodes_.open(options_.dev_root);
  for (const int fd : {uevents_.fd(), nodes_.fd()}) {
    epoll_event wish{};
    wish.events = EPOLLIN;
    wish.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &wish) != 0) {
      fail("epoll");
    }
  }
  hotplug_.look();
  known_ = module_files();
  next_look_ms_ = now_ms() + kLookMs;
  next_open_ms_ = 0;
  failures_ = 0;
}

void Watch::stop() {
  close_nvml();
  if (epoll_ >= 0) {
    ::close(epoll_);
  }
  epoll_ = -1;
  uevents_.close();
  nodes_.close();
}

void Watch::read_uevents(sdk::Events& events) {
  uevents_.each(
      kUeventsAtOnce,
      [&](const sdk::Uevent& event) {
        if (const auto report = hotplug_.report_of(event)) {
          look_now_ = true;
          events.report(report->kind, report->device, report->reason);
        }
      },
      [&] {
        hotplug_.look();
        look_now_ = true;
        events.lost("messages of the kernel about devices were lost");
      });
}

void Watch::read_nodes(sdk::Events& events) {
  const bool whole = nodes_.read([&](const std::string& what) {
    look_now_ = true;
    events.report(EventKind::kChanged, "", what);
  });
  if (!whole) {
    look_now_ = true;
    events.lost("changes of device nodes were lost");
  }
}

Watch::ModuleFiles Watch::module_files() const {
  const sdk::Root& root = options_.sys_root;
  ModuleFiles found;
  found.loaded = root.is_file(sdk::join(kProc, "version"));
  if (!found.loaded) {
    return found;
  }
  found.gpus = root.list(sdk::join(kProc, "gpus"));
  const std::string capabilities = sdk::join(kProc, "capabilities");
  for (const std::string& gpu : root.list(capabilities)) {
    if (!sdk::starts_with(gpu, "gpu")) {
      continue;
    }
    const std::string folder = sdk::join(sdk::join(capabilities, gpu), "mig");
    auto& instances = found.instances[gpu.substr(3)];
    for (const std::string& gi : root.list(folder)) {
      for (const std::string& ci : root.list(sdk::join(folder, gi))) {
        if (sdk::starts_with(ci, "ci")) {
          instances.push_back(gi + "/" + ci);
        }
      }
    }
  }
  return found;
}

void Watch::look_at_module(sdk::Events& events) {
  ModuleFiles now = module_files();
  if (now.loaded != known_.loaded) {
    events.report(now.loaded ? EventKind::kAdded : EventKind::kRemoved, "",
                  now.loaded ? "the NVIDIA driver is loaded" : "the NVIDIA driver is gone");
  }
  const auto report_others = [&](const std::vector<std::string>& of,
                                 const std::vector<std::string>& others, EventKind kind,
                                 const char* what) {
    for (const std::string& gpu : of) {
      if (std::find(others.begin(), others.end(), gpu) == others.end()) {
        events.report(kind, gpu, what);
      }
    }
  };
  report_others(now.gpus, known_.gpus, EventKind::kAdded, "the driver has a new GPU");
  report_others(known_.gpus, now.gpus, EventKind::kRemoved, "the driver has lost a GPU");
  for (const auto& [minor, instances] : now.instances) {
    const auto before = known_.instances.find(minor);
    if (before != known_.instances.end() && before->second != instances) {
      events.report(EventKind::kChanged, "", "MIG instances of /dev/nvidia" + minor + " changed");
    }
  }
  if (now.instances != known_.instances && session_.is_open()) {
    session_.look_at_parts();
  }
  known_ = std::move(now);
}

void Watch::close_nvml() {
  if (session_.is_open()) {
    nvml_.end();
    session_.close();
  }
}

void Watch::open_nvml(sdk::Events& events, std::int64_t now) {
  if (!session_.open()) {
    if (failures_ == 0) {
      events.log(sdk::Severity::kWarn,
                 "NVML does not answer (" + session_.problem() + "): errors of GPUs are not seen");
    }
    next_open_ms_ = now + std::min(kFirstRetryMs << std::min(failures_, 16u), kLastRetryMs);
    ++failures_;
    return;
  }
  if (failures_ > 0) {
    events.log(sdk::Severity::kInfo, "NVML answers again");
  }
  failures_ = 0;
}

void Watch::tend_nvml(sdk::Events& events, std::int64_t now) {
  if (session_.is_open() && !session_.is_current()) {
    close_nvml();
    next_open_ms_ = 0;
  }
  if (!session_.is_open() && now >= next_open_ms_ && session_.wanted()) {
    open_nvml(events, now);
  }
  if (!session_.is_open()) {
    return;
  }
  if (!nvml_.begun()) {
    nvml_.begin(events);
    nvml_.check_health(events);
  }
  std::string reason;
  if (!nvml_.poll(events, reason)) {
    events.log(sdk::Severity::kWarn, "NVML is opened anew: " + reason);
    close_nvml();
    next_open_ms_ = now + kFirstRetryMs;
  }
}

std::uint32_t Watch::dispatch(sdk::Events& events) {
  read_uevents(events);
  read_nodes(events);
  const std::int64_t now = now_ms();
  const bool look = look_now_ || now >= next_look_ms_;
  if (look) {
    look_at_module(events);
    next_look_ms_ = now + kLookMs;
  }
  if (options_.watch_nvml) {
    if (look_now_) {
      next_open_ms_ = 0;  // what failed may work now
    }
    tend_nvml(events, now);
    if (look && session_.is_open()) {
      nvml_.check_health(events);
    }
  }
  look_now_ = false;
  const std::int64_t due = session_.is_open() ? now + kPollMs : next_look_ms_;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(due - now, 50, kLookMs));
}

}  // namespace xpu::nvidia
