// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/process.h"

#include <crt_externs.h>
#include <mach/mach.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace xpu::process {

void end_with_parent(int) {}

void adopt_orphans() {}

std::vector<pid_t> own_children() {
  return {};
}

std::string signal_name(int number) {
  if (number <= 0 || number >= NSIG) {
    return "?";
  }
  std::string name = sys_signame[number];
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

void limit(int resource, rlim_t value) {
  rlimit now{};
  getrlimit(resource, &now);
  now.rlim_max = std::min(now.rlim_max, value);
  now.rlim_cur = now.rlim_max;
  setrlimit(resource, &now);
}

void forget_descriptors(int first) {
  for (int fd = first; fd < getdtablesize(); ++fd) {
    close(fd);
  }
}

void forget_environment() {
  static char* none[] = {nullptr};
  *_NSGetEnviron() = none;
}

char** environment() {
  return *_NSGetEnviron();
}

int threads() {
  thread_act_array_t list = nullptr;
  mach_msg_type_number_t count = 0;
  if (task_threads(mach_task_self(), &list, &count) != KERN_SUCCESS) {
    return 0;
  }
  for (mach_msg_type_number_t i = 0; i < count; ++i) {
    mach_port_deallocate(mach_task_self(), list[i]);
  }
  vm_deallocate(mach_task_self(), reinterpret_cast<vm_address_t>(list), count * sizeof *list);
  return static_cast<int>(count);
}

}  // namespace xpu::process
