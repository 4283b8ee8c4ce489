// SPDX-License-Identifier: Apache-2.0
// The host that the doctor looks at: plain values that were gathered before, and its files.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/health/health.h"
#include "core/plugin/doctor_hints.h"
#include "core/plugin/refresh.h"
#include "core/record/record.h"

namespace xpu::doctor {

// A backend, and what its manifest tells of complaints.
struct Backend {
  BackendStatus status;
  DoctorHints hints;
  std::string hints_problem;  // why they could not be read; "" otherwise
};

// Who starts containers without being root.
struct User {
  std::string name;
  uid_t uid = 0;
  std::vector<gid_t> groups;
  std::string home;
  bool docker = false;  // has a rootless docker
};

// A line of the kernel's table of processes.
struct Process {
  int pid = 0;
  std::string name;
  std::vector<std::string> arguments;
};

// An image by what it says in its environment.
struct Image {
  std::string name;
  std::vector<std::string> env;
};

struct Host {
  // Stands before every path that is looked at: "" for this host, a folder for a tree.
  std::string root;
  uid_t uid = 0;  // of who asks
  Config config;
  std::string config_file, config_problem;  // "" for none
  std::string runtime, runtime_problem;     // the low-level runtime, or why there is none
  std::vector<Backend> backends;
  std::vector<Record> records;  // of live containers
  std::string records_problem;  // why they are not known; "" otherwise
  std::vector<HealthMark> marks;
  std::vector<Image> images;  // of `doctor --image`

  std::string path(const std::string& path) const { return root + path; }
  // Also of a link that leads nowhere or a file that may not be read.
  bool exists(const std::string& path) const;
  bool is_device(const std::string& path) const;
  // nullopt when there is none. Throws Error when it cannot be read.
  std::optional<std::string> read(const std::string& path) const;
  // "" also when it cannot be read; without white space at its end.
  std::string line(const std::string& path) const;
  // Names in a folder, sorted; none when it is not there or may not be read.
  std::vector<std::string> list(const std::string& path) const;
  // Paths that match a pattern of the shell, sorted, without `root`.
  std::vector<std::string> glob(const std::string& pattern) const;
  // The path of a program in the folders that services search; "" for none.
  std::string program(const std::string& name) const;
  // Those of that name that belong to root, and not to a container.
  std::vector<Process> processes(const std::string& name) const;
  // Root asks for everybody with a rootless engine, another user for himself.
  std::vector<User> rootless_users() const;
  std::string group_name(gid_t gid) const;

  // Devices of all backends that can be used or could be.
  std::vector<const Device*> devices() const;
  // Nodes of devices that can be used, one of each number.
  std::vector<Node> nodes() const;
};

}  // namespace xpu::doctor
