// SPDX-License-Identifier: Apache-2.0
// The device rules of a container, as config.json says them, and as a program of cgroup v2.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

struct DeviceRule {
  bool allow = false;
  char type = 'a';                            // 'c', 'b', 'a' for both
  std::optional<std::uint32_t> major, minor;  // nullopt: any
  std::string access = "rwm";
  bool operator==(const DeviceRule&) const = default;
};

// Those of linux.resources.devices, in its order. `source` is for messages. Throws Error for a text
// that is no specification.
std::vector<DeviceRule> rules_in(const std::string& config, const std::string& source);

// What a low-level runtime makes of them: everything is denied; the devices that each container has
// (null, zero, terminals, ...) and making nodes are allowed; then the rules, of which the last that
// is about an access counts. A rule about everything voids what stands before it.
std::vector<DeviceRule> rules_in_force(const std::vector<DeviceRule>& rules);

// Whether rules in force let a container open the node as it was given it.
bool allowed(const std::vector<DeviceRule>& in_force, const Node& node);

// The same as a program (BPF_PROG_TYPE_CGROUP_DEVICE).
std::vector<bpf_insn> program_of(const std::vector<DeviceRule>& in_force);

}  // namespace xpu
