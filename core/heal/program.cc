// SPDX-License-Identifier: Apache-2.0
#include "core/heal/program.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"

namespace xpu {
namespace {

// As many as the kernel attaches to one cgroup.
constexpr std::size_t kMostPrograms = 64;
constexpr std::size_t kLogBytes = std::size_t{64} << 10;
// The verifier wants one; nothing is called that asks for another.
constexpr char kLicense[] = "Apache-2.0";

// The members behind the last that is used are zero, as the kernel asks.
bpf_attr empty() {
  bpf_attr out;
  std::memset(&out, 0, sizeof out);
  return out;
}

long bpf(int command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address(const void* what) {
  return reinterpret_cast<std::uintptr_t>(what);
}

void change(int command, const Fd& folder, const Fd& program, std::uint32_t flags,
            const std::string& what, const std::string& path) {
  bpf_attr attributes = empty();
  attributes.target_fd = static_cast<std::uint32_t>(folder.get());
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = flags;
  if (bpf(command, attributes) != 0) {
    fail_errno(what, path);
  }
}

}  // namespace

Fd load_program(const std::vector<bpf_insn>& instructions, const char* name) {
  bpf_attr attributes = empty();
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = address(instructions.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(instructions.size());
  attributes.license = address(kLicense);
  std::copy_n(name, std::min(std::strlen(name), sizeof attributes.prog_name - 1),
              attributes.prog_name);
  Fd program(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  if (program) {
    return program;
  }
  // Why, in the kernel's words: its last line but one says it.
  const int number = errno;
  std::string log(kLogBytes, '\0');
  attributes.log_buf = address(log.data());
  attributes.log_size = static_cast<std::uint32_t>(log.size());
  attributes.log_level = 1;
  if (program = Fd(static_cast<int>(bpf(BPF_PROG_LOAD, attributes))); program) {
    return program;
  }
  log.resize(std::strlen(log.c_str()));
  std::replace(log.begin(), log.end(), '\n', ' ');
  fail("the kernel takes no program for devices: ", std::strerror(number),
       log.empty() ? ""
                   : cat(": ", log.substr(log.size() - std::min<std::size_t>(log.size(), 200))));
}

Fd open_program(std::uint32_t id) {
  bpf_attr attributes = empty();
  attributes.prog_id = id;
  Fd program(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, attributes)));
  if (!program) {
    fail_errno("cannot open the BPF program ", id);
  }
  return program;
}

std::string name_of_program(const Fd& program) {
  bpf_prog_info info;
  std::memset(&info, 0, sizeof info);
  bpf_attr attributes = empty();
  attributes.info.bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.info.info_len = sizeof info;
  attributes.info.info = address(&info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) {
    fail_errno("cannot ask what a BPF program is called");
  }
  return std::string(info.name, ::strnlen(info.name, sizeof info.name));
}

AttachedPrograms programs_of(const Fd& folder, const std::string& path) {
  AttachedPrograms out;
  out.ids.resize(kMostPrograms);
  bpf_attr attributes = empty();
  attributes.query.target_fd = static_cast<std::uint32_t>(folder.get());
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = address(out.ids.data());
  attributes.query.prog_cnt = kMostPrograms;
  if (bpf(BPF_PROG_QUERY, attributes) != 0) {
    fail_errno("cannot ask for the device programs of ", path);
  }
  out.ids.resize(attributes.query.prog_cnt);
  out.flags = attributes.query.attach_flags;
  return out;
}

void attach_program(const Fd& folder, const std::string& path, const Fd& program,
                    std::uint32_t flags) {
  change(BPF_PROG_ATTACH, folder, program, flags, "cannot attach a device program to ", path);
}

void detach_program(const Fd& folder, const std::string& path, const Fd& program) {
  change(BPF_PROG_DETACH, folder, program, 0, "cannot take a device program off ", path);
}

}  // namespace xpu
