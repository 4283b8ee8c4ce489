// SPDX-License-Identifier: Apache-2.0
// Uevents by libudev: from udevd where it can be heard, so that nodes have their owners and links
// when an event comes, else from the kernel itself (containers, initramfs, systems without udev).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

struct udev;
struct udev_monitor;

namespace xpu::sdk {

struct Uevent {
  std::string action;     // "add", "remove", "change", "bind", "unbind", ...
  std::string subsystem;  // "pci", "drm", ...
  std::string devtype;    // "" for none
  std::string devpath;    // below /sys
  std::string sysname;    // "0000:65:00.0", "card0"
  std::string devnode;    // "/dev/..."; "" for none
  std::string driver;
  std::map<std::string, std::string> properties;
  // `devpath` or the nearest folder above it that is a PCI device: "0000:65:00.0"; "" for none.
  std::string pci() const;
  std::string property(const std::string& name) const;  // "" for none
};

// What is passed on by udevd comes from udevd. A control socket of udevd does not say that its
// messages arrive here: in a container that has the host's /run/udev but a network of its own they
// do not. So the kernel is listened to as well, and what udevd has not passed on after kPatience
// comes from there.
class UeventMonitor {
 public:
  // A burst of a whole machine's devices fits in.
  static constexpr int kReceiveBytes = 8 << 20;
  static constexpr std::chrono::milliseconds kPatience{3000};

  UeventMonitor() = default;
  ~UeventMonitor();
  UeventMonitor(const UeventMonitor&) = delete;
  UeventMonitor& operator=(const UeventMonitor&) = delete;

  // Only of these subsystems. Throws std::runtime_error with the cause. `receive_bytes` is for what
  // is not read yet; without the privilege to go beyond net.core.rmem_max it may become less.
  void open(const std::vector<std::string>& subsystems, int receive_bytes = kReceiveBytes);
  void close();
  // Readable when next() may have something; also when only time has passed. -1 when not open.
  int fd() const { return epoll_; }
  // Whether events come from udevd, as far as is known now.
  bool from_udevd() const { return from_udevd_; }

  enum class Got { kNothing, kEvent, kLost };
  // The next one without waiting. kLost: the kernel or udevd dropped some (ENOBUFS), and what was
  // not read yet may be incomplete. Call it until kNothing.
  Got next(Uevent& out);
  // All that has come, at most `most` at once, to on_event(uevent) and on_lost().
  template <class OnEvent, class OnLost>
  void each(int most, OnEvent on_event, OnLost on_lost) {
    Uevent uevent;
    for (int i = 0; i < most; ++i) {
      switch (next(uevent)) {
        case Got::kNothing:
          return;
        case Got::kEvent:
          on_event(uevent);
          break;
        case Got::kLost:
          on_lost();
          break;
      }
    }
  }

 private:
  struct Held {
    Uevent event;
    std::uint64_t number = 0;  // of the kernel
    std::chrono::steady_clock::time_point until;
  };

  void start(udev_monitor*& monitor, const char* source, const std::vector<std::string>& subsystems,
             int receive_bytes);
  Got from_kernel(Uevent& out);
  void heard(std::uint64_t number);
  void set_timer();

  udev* udev_ = nullptr;
  udev_monitor* kernel_ = nullptr;
  udev_monitor* udevd_ = nullptr;  // nullptr where it does not run
  int epoll_ = -1;
  int timer_ = -1;
  bool from_udevd_ = false;
  std::deque<Held> held_;          // of the kernel, while udevd has not passed them on
  std::set<std::uint64_t> heard_;  // numbers that udevd was read of first
};

}  // namespace xpu::sdk
