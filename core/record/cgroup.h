// SPDX-License-Identifier: Apache-2.0
// Where the processes of a running container are, as its low-level runtime and the kernel tell.
//
// `root` stands before every path that is read: "" for this host, a folder for a tree. Nothing here
// throws: what may not be read is not known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/record/record.h"

namespace xpu {

// The number of its first process, which runs; 0 where nobody tells. Reads what runc, crun and
// runtimes that are like them keep in <runtime_root>/<id>.
int init_process(const std::string& root, const Record& record);

// The path of a process in one hierarchy: of "devices", "name=systemd", or "" for cgroup v2. ""
// where there is none.
std::string cgroup_of(const std::string& root, int pid, std::string_view controller);

// Where that hierarchy is mounted, without `root`, and which of its cgroups that is, as
// /proc/PID/cgroup names them ("/" for all).
struct CgroupMount {
  std::string folder, top;
};
std::optional<CgroupMount> cgroup_mount(const std::string& root, std::string_view controller);

// The cgroup that says which devices a container may open: in the v1 hierarchy of devices where
// there is one, else of v2. Every process of the container is in it or below.
struct ContainerCgroup {
  int init = 0;  // the first process
  bool v2 = false;
  std::string folder;       // of the container's cgroup, without `root`
  std::string init_folder;  // of the cgroup that the first process is in: that, or below it
};
std::optional<ContainerCgroup> container_cgroup(const std::string& root, const Record& record);

}  // namespace xpu
