// SPDX-License-Identifier: Apache-2.0
#include "core/heal/programs.h"

#include <fcntl.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/heal/program.h"

namespace xpu {
namespace {

struct Attached {
  std::uint32_t id = 0;
  Fd program;
  std::string name;
};

std::string text_of(const Attached& one) {
  return cat("program ", one.id, one.name.empty() ? "" : cat(" (", one.name, ")"));
}

// A program denies what any of those on the way to the root denies: all have to agree.
class Cgroup {
 public:
  explicit Cgroup(const std::string& path)
      : path_(path), folder_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!folder_) {
      fail_errno("cannot open ", path);
    }
    const AttachedPrograms programs = programs_of(folder_, path);
    flags_ = programs.flags;
    for (const std::uint32_t id : programs.ids) {
      Attached one{id, open_program(id), ""};
      one.name = name_of_program(one.program);
      // One of an earlier time says the same as the new one: it stays.
      (one.name == kProgramName ? ours_ : others_).push_back(std::move(one));
    }
  }

  std::vector<std::string> replace(const std::vector<bpf_insn>& instructions,
                                   const std::function<bool()>& is_well) {
    if (others_.empty()) {
      fail_above();
    }
    const Fd program = load_program(instructions);
    return (flags_ & BPF_F_ALLOW_MULTI) != 0 ? beside(program, is_well)
                                             : in_place(program, is_well);
  }

 private:
  [[noreturn]] void fail_above() const {
    fail("what denies it is not attached to ", path_, ", but to a cgroup above");
  }

  void attach(const Fd& program) const { attach_program(folder_, path_, program, flags_); }
  void detach(const Fd& program) const { detach_program(folder_, path_, program); }

  // Where there can be only one.
  std::vector<std::string> in_place(const Fd& program, const std::function<bool()>& is_well) {
    attach(program);
    if (!is_well()) {
      attach(others_.front().program);
      fail_above();
    }
    return {text_of(others_.front())};
  }

  std::vector<std::string> beside(const Fd& program, const std::function<bool()>& is_well) {
    const bool add = ours_.empty();
    if (add) {
      attach(program);
    }
    // The newest first: it is the likely one.
    std::vector<const Attached*> off;
    bool well = false;
    for (auto one = others_.rbegin(); one != others_.rend() && !well; ++one) {
      detach(one->program);
      off.push_back(&*one);
      well = is_well();
    }
    if (!well) {
      for (auto one = off.rbegin(); one != off.rend(); ++one) {
        attach((*one)->program);
      }
      if (add) {
        detach(program);
      }
      fail_above();
    }
    // Of those that went before the one that was why, each may come back that denies nothing.
    std::vector<std::string> out = {text_of(*off.back())};
    off.pop_back();
    for (const Attached* const one : off) {
      attach(one->program);
      if (!is_well()) {
        detach(one->program);
        out.push_back(text_of(*one));
      }
    }
    return out;
  }

  const std::string path_;
  const Fd folder_;
  std::uint32_t flags_ = 0;
  std::vector<Attached> ours_, others_;
};

}  // namespace

std::vector<std::string> replace_programs(const std::string& folder,
                                          const std::vector<bpf_insn>& program,
                                          const std::function<bool()>& is_well) {
  return Cgroup(folder).replace(program, is_well);
}

}  // namespace xpu
