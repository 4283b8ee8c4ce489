// SPDX-License-Identifier: Apache-2.0
// Edits + facts → plan: how each edit is delivered to this container. Every awkward case of the
// field is a row of the table in plan.cc. The plan is plain values: nothing has happened yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/facts.h"
#include "core/select/select.h"

namespace xpu {

struct PlannedDevice {  // linux.devices and one rule in linux.resources.devices
  Node node;
  std::string why;
};

struct PlannedMount {
  std::string source, destination;
  std::string type = "bind";
  std::vector<std::string> options;
  std::string why;
  // Destinations of the container's own mounts that lie in it by way of links of the image.
  std::vector<std::string> holds = {};
  bool operator==(const PlannedMount&) const = default;
};

struct PlannedEnv {
  std::string name, value;
  std::string why;
};

// Of a CDI file.
struct PlannedHook {
  cdi::Hook hook;
  std::string why;
};
struct PlannedNetDevice {
  cdi::NetDevice device;
  std::string why;
};
struct PlannedGid {
  std::uint32_t gid = 0;
  std::string why;
};

// Something done natively in the root file system before exec.
struct PlannedRootfsWrite {
  enum class Kind { kFile, kSymlink } kind = Kind::kFile;
  std::string path;
  std::string content;  // bytes, or the link's target
  std::string why;
};

// A file, folder or link generated in the container's state folder (the source of mounts).
struct PlannedState {
  enum class Kind { kFile, kSymlink, kFolder } kind = Kind::kFile;
  std::string path;  // relative to the state folder
  std::string content;
};

struct Plan {
  std::vector<PlannedDevice> devices;
  // Nodes that come by a bind mount (user namespaces) and still need a rule in
  // linux.resources.devices.
  std::vector<Node> device_rules;
  std::vector<PlannedMount> mounts;  // in mount order
  std::vector<PlannedEnv> env;
  std::vector<PlannedHook> hooks;
  std::vector<PlannedNetDevice> net_devices;
  std::vector<PlannedGid> gids;
  std::optional<cdi::Rdt> rdt;
  std::vector<PlannedRootfsWrite> rootfs;
  std::vector<PlannedState> state;
  std::vector<std::string> notes;     // for explain and the debug log
  std::vector<std::string> warnings;  // also for the log
  // What the folders of libraries are, for explain ("/usr/lib/x86_64-linux-gnu").
  std::string library_folder;
};

// Throws Error when something asked for cannot be delivered (names it and what to do).
Plan make_plan(const Edits& edits, const Spec& spec, const ContainerView& view, const Facts& facts);

// Carries out `plan.rootfs` and `plan.state`. Throws Error.
void prepare_rootfs(const Plan& plan, const Rootfs& rootfs, const Facts& facts);
void prepare_state(const Plan& plan, const std::string& state_dir);

}  // namespace xpu
