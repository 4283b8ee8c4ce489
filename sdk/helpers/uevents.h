// SPDX-License-Identifier: Apache-2.0
// Uevents by libudev: from udevd where it runs, so that nodes and links are made when they come,
// else from the kernel itself (containers, initramfs, systems without udev).
#pragma once

#include <map>
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

class UeventMonitor {
 public:
  UeventMonitor() = default;
  ~UeventMonitor();
  UeventMonitor(const UeventMonitor&) = delete;
  UeventMonitor& operator=(const UeventMonitor&) = delete;

  // Only of these subsystems. Throws std::runtime_error with the cause.
  void open(const std::vector<std::string>& subsystems);
  void close();
  int fd() const;  // -1 when it is not open
  bool from_udevd() const { return from_udevd_; }

  enum class Got { kNothing, kEvent, kLost };
  // The next one without waiting. kLost: the kernel or udevd dropped some (ENOBUFS).
  Got next(Uevent& out);

 private:
  udev* udev_ = nullptr;
  udev_monitor* monitor_ = nullptr;
  bool from_udevd_ = false;
};

}  // namespace xpu::sdk
