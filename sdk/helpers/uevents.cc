// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/uevents.h"

#include <libudev.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "sdk/helpers/pci.h"

namespace xpu::sdk {
namespace {

using Clock = std::chrono::steady_clock;

// More than a machine has devices: beyond it something sends without end.
constexpr std::size_t kMostHeld = 4096;

std::string text(const char* value) {
  return value == nullptr ? "" : value;
}

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error("cannot watch devices: " + what + ": " + std::strerror(error));
}

Uevent read(udev_device* device) {
  Uevent out;
  out.action = text(udev_device_get_action(device));
  out.subsystem = text(udev_device_get_subsystem(device));
  out.devtype = text(udev_device_get_devtype(device));
  out.devpath = text(udev_device_get_devpath(device));
  out.sysname = text(udev_device_get_sysname(device));
  out.devnode = text(udev_device_get_devnode(device));
  udev_list_entry* entry = nullptr;
  udev_list_entry_foreach(entry, udev_device_get_properties_list_entry(device)) {
    out.properties[text(udev_list_entry_get_name(entry))] = text(udev_list_entry_get_value(entry));
  }
  // As the message says; only where it does not as sysfs has it now.
  out.driver = out.property("DRIVER");
  if (out.driver.empty()) {
    out.driver = text(udev_device_get_driver(device));
  }
  return out;
}

UeventMonitor::Got receive(udev_monitor* monitor, Uevent& out, std::uint64_t& number) {
  errno = 0;
  udev_device* device = udev_monitor_receive_device(monitor);
  if (device == nullptr) {
    return errno == ENOBUFS ? UeventMonitor::Got::kLost : UeventMonitor::Got::kNothing;
  }
  out = read(device);
  number = udev_device_get_seqnum(device);
  udev_device_unref(device);
  return UeventMonitor::Got::kEvent;
}

void add(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    fail("epoll", errno);
  }
}

void close_fd(int& fd) {
  if (fd >= 0) {
    ::close(fd);
    fd = -1;
  }
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

void UeventMonitor::start(udev_monitor*& monitor, const char* source,
                          const std::vector<std::string>& subsystems, int receive_bytes) {
  monitor = udev_monitor_new_from_netlink(udev_, source);
  if (monitor == nullptr) {
    fail("netlink socket", errno);
  }
  for (const std::string& subsystem : subsystems) {
    const int status =
        udev_monitor_filter_add_match_subsystem_devtype(monitor, subsystem.c_str(), nullptr);
    if (status < 0) {
      fail("subsystem " + subsystem, -status);
    }
  }
  udev_monitor_set_receive_buffer_size(monitor, receive_bytes);
  const int status = udev_monitor_enable_receiving(monitor);
  if (status < 0) {
    fail("netlink socket", -status);
  }
  add(epoll_, udev_monitor_get_fd(monitor));
}

void UeventMonitor::open(const std::vector<std::string>& subsystems, int receive_bytes) {
  close();
  try {
    udev_ = udev_new();
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (udev_ == nullptr || epoll_ < 0) {
      fail("libudev", errno);
    }
    // As libudev itself asks whether udevd runs.
    from_udevd_ = access("/run/udev/control", F_OK) == 0;
    if (from_udevd_) {
      timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
      if (timer_ < 0) {
        fail("timer", errno);
      }
      add(epoll_, timer_);
      start(udevd_, "udev", subsystems, receive_bytes);
    }
    start(kernel_, "kernel", subsystems, receive_bytes);
  } catch (...) {
    close();
    throw;
  }
}

void UeventMonitor::close() {
  for (udev_monitor** monitor : {&kernel_, &udevd_}) {
    if (*monitor != nullptr) {
      udev_monitor_unref(*monitor);
      *monitor = nullptr;
    }
  }
  if (udev_ != nullptr) {
    udev_unref(udev_);
    udev_ = nullptr;
  }
  close_fd(timer_);
  close_fd(epoll_);
  held_.clear();
  heard_.clear();
  from_udevd_ = false;
}

UeventMonitor::Got UeventMonitor::next(Uevent& out) {
  if (epoll_ < 0) {
    return Got::kNothing;
  }
  std::uint64_t number = 0;
  if (udevd_ != nullptr) {
    const Got got = receive(udevd_, out, number);
    if (got == Got::kEvent) {
      heard(number);
    }
    if (got != Got::kNothing) {
      return got;
    }
  }
  return from_kernel(out);
}

UeventMonitor::Got UeventMonitor::from_kernel(Uevent& out) {
  Held next;
  Got got;
  while ((got = receive(kernel_, next.event, next.number)) == Got::kEvent) {
    if (!from_udevd_ || held_.size() >= kMostHeld) {
      out = std::move(next.event);
      return got;
    }
    if (heard_.erase(next.number) != 0) {
      continue;
    }
    next.until = Clock::now() + kPatience;
    held_.push_back(std::move(next));
  }
  if (got == Got::kLost) {
    return got;
  }
  if (!held_.empty() && held_.front().until <= Clock::now()) {
    from_udevd_ = false;
  }
  if (!held_.empty() && !from_udevd_) {
    out = std::move(held_.front().event);
    held_.pop_front();
    got = Got::kEvent;
  }
  if (timer_ >= 0) {
    set_timer();
  }
  return got;
}

void UeventMonitor::heard(std::uint64_t number) {
  from_udevd_ = true;
  const auto found = std::find_if(held_.begin(), held_.end(),
                                  [&](const Held& held) { return held.number == number; });
  if (found != held_.end()) {
    held_.erase(found);
    return;
  }
  // The kernel's message was not read yet, or long ago.
  heard_.insert(number);
  if (heard_.size() > kMostHeld) {
    heard_.erase(heard_.begin());
  }
}

// Setting it also takes back that it was readable.
void UeventMonitor::set_timer() {
  itimerspec at{};
  if (!held_.empty()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::max<Clock::duration>(
            held_.front().until - Clock::now(), std::chrono::milliseconds(1)));
    at.it_value.tv_sec = left.count() / 1'000'000'000;
    at.it_value.tv_nsec = left.count() % 1'000'000'000;
  }
  timerfd_settime(timer_, 0, &at, nullptr);
}

}  // namespace xpu::sdk
