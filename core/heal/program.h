// SPDX-License-Identifier: Apache-2.0
// Programs that say which devices a cgroup v2 may open: bpf(2), as far as that needs it.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fd.h"

namespace xpu {

// Name of those that we load.
inline constexpr char kProgramName[] = "xpu_devices";

struct AttachedPrograms {
  std::vector<std::uint32_t> ids;
  std::uint32_t flags = 0;  // BPF_F_ALLOW_MULTI, ...: how they were attached
};

// All throw Error. `folder`: an open folder of the cgroup; `path` is for messages.
Fd load_program(const std::vector<bpf_insn>& instructions, const char* name = kProgramName);
Fd open_program(std::uint32_t id);
std::string name_of_program(const Fd& program);
AttachedPrograms programs_of(const Fd& folder, const std::string& path);
// Where several may be attached, beside those that are; else in place of the one that is.
void attach_program(const Fd& folder, const std::string& path, const Fd& program,
                    std::uint32_t flags);
void detach_program(const Fd& folder, const std::string& path, const Fd& program);

}  // namespace xpu
