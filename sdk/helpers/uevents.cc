// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/uevents.h"

#include <libudev.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "sdk/helpers/pci.h"

namespace xpu::sdk {
namespace {

// A burst of a whole machine's devices fits in.
constexpr int kReceiveBytes = 8 << 20;

std::string text(const char* value) {
  return value == nullptr ? "" : value;
}

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error("cannot watch devices: " + what + ": " + std::strerror(error));
}

}  // namespace

std::string Uevent::pci() const {
  for (std::string path = devpath; path.rfind('/') != std::string::npos;
       path.erase(path.rfind('/'))) {
    if (const auto address = normal_pci_address(path.substr(path.rfind('/') + 1))) {
      return *address;
    }
  }
  return "";
}

std::string Uevent::property(const std::string& name) const {
  const auto found = properties.find(name);
  return found == properties.end() ? "" : found->second;
}

UeventMonitor::~UeventMonitor() {
  close();
}

void UeventMonitor::open(const std::vector<std::string>& subsystems) {
  close();
  udev_ = udev_new();
  if (udev_ == nullptr) {
    fail("libudev", errno);
  }
  // As libudev itself asks whether udevd runs.
  from_udevd_ = access("/run/udev/control", F_OK) == 0;
  monitor_ = udev_monitor_new_from_netlink(udev_, from_udevd_ ? "udev" : "kernel");
  if (monitor_ == nullptr) {
    fail("netlink socket", errno);
  }
  for (const std::string& subsystem : subsystems) {
    if (udev_monitor_filter_add_match_subsystem_devtype(monitor_, subsystem.c_str(), nullptr) < 0) {
      fail("subsystem " + subsystem, errno);
    }
  }
  // Without the privilege to go beyond net.core.rmem_max it stays as it is.
  udev_monitor_set_receive_buffer_size(monitor_, kReceiveBytes);
  const int status = udev_monitor_enable_receiving(monitor_);
  if (status < 0) {
    fail("netlink socket", -status);
  }
}

void UeventMonitor::close() {
  if (monitor_ != nullptr) {
    udev_monitor_unref(monitor_);
    monitor_ = nullptr;
  }
  if (udev_ != nullptr) {
    udev_unref(udev_);
    udev_ = nullptr;
  }
}

int UeventMonitor::fd() const {
  return monitor_ == nullptr ? -1 : udev_monitor_get_fd(monitor_);
}

UeventMonitor::Got UeventMonitor::next(Uevent& out) {
  errno = 0;
  udev_device* device = udev_monitor_receive_device(monitor_);
  if (device == nullptr) {
    return errno == ENOBUFS ? Got::kLost : Got::kNothing;
  }
  out = {};
  out.action = text(udev_device_get_action(device));
  out.subsystem = text(udev_device_get_subsystem(device));
  out.devtype = text(udev_device_get_devtype(device));
  out.devpath = text(udev_device_get_devpath(device));
  out.sysname = text(udev_device_get_sysname(device));
  out.devnode = text(udev_device_get_devnode(device));
  out.driver = text(udev_device_get_driver(device));
  udev_list_entry* entry = nullptr;
  udev_list_entry_foreach(entry, udev_device_get_properties_list_entry(device)) {
    out.properties[text(udev_list_entry_get_name(entry))] = text(udev_list_entry_get_value(entry));
  }
  udev_device_unref(device);
  return Got::kEvent;
}

}  // namespace xpu::sdk
