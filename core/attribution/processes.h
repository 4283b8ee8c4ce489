// SPDX-License-Identifier: Apache-2.0
// The processes of a cgroup, and which of their open files are devices. For core/attribution only.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace xpu {

// Numbers of device nodes: (type, major, minor) in one.
using DeviceNumber = std::uint64_t;
inline DeviceNumber device_number(char type, std::uint32_t major, std::uint32_t minor) {
  return (std::uint64_t{type == 'b'} << 63) | (std::uint64_t{major} << 32) | minor;
}

// Of the cgroup and of those below it. nullopt where there is no such cgroup (any more).
std::optional<std::set<int>> processes_in(const std::string& cgroup_folder);

struct OpenDevice {
  int fd = 0;
  DeviceNumber number = 0;
};
struct OpenFiles {
  std::vector<OpenDevice> devices;
  std::size_t count = 0;  // of all that were looked at
};
// Those of a process that are one of the devices. Of at most 8,192 files; none where they may not
// be seen. `proc`: "/proc", or that of a tree.
OpenFiles open_devices(const std::string& proc, int pid, const std::set<DeviceNumber>& devices);
// How many files a process has open, where the kernel (6.2) tells without counting; else 0.
std::uint64_t open_file_count(const std::string& proc, int pid);

// A small file as a whole; "" where it cannot be read.
std::string small_file(const std::string& path);

}  // namespace xpu
