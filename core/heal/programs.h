// SPDX-License-Identifier: Apache-2.0
// The programs of one cgroup v2, of which some deny what they should not.
#pragma once

#include <linux/bpf.h>

#include <functional>
#include <string>
#include <vector>

namespace xpu {

// Attaches the program to the cgroup `folder` and takes off as few of those that were attached as
// it needs until `is_well` answers true. At no moment is the cgroup without a program. Returns what
// was taken off: "program 12 (sd_devices)".
//
// Throws Error, and all is as it was: also where nothing that is attached to this cgroup is why.
std::vector<std::string> replace_programs(const std::string& folder,
                                          const std::vector<bpf_insn>& program,
                                          const std::function<bool()>& is_well);

}  // namespace xpu
