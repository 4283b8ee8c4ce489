// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/process.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "core/base/file.h"

namespace xpu::process {

void end_with_parent(int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
}

void adopt_orphans() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

std::vector<pid_t> own_children() {
  std::vector<pid_t> found;
  const std::string list =
      read_file_if_present("/proc/thread-self/children", 1 << 20).value_or(std::string());
  const char* at = list.data();
  const char* const end = at + list.size();
  for (pid_t child = 0; at < end; ++at) {
    const auto parsed = std::from_chars(at, end, child);
    if (parsed.ec == std::errc()) {
      found.push_back(child);
      at = parsed.ptr;
    }
  }
  return found;
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name == nullptr ? "?" : name;
}

void limit(int resource, rlim_t value) {
  rlimit now{};
  getrlimit(static_cast<__rlimit_resource>(resource), &now);
  now.rlim_max = std::min(now.rlim_max, value);
  now.rlim_cur = now.rlim_max;
  setrlimit(static_cast<__rlimit_resource>(resource), &now);
}

void forget_descriptors(int first) {
  closefrom(first);
}

void forget_environment() {
  clearenv();
}

char** environment() {
  return environ;
}

int threads() {
  int count = 0;
  if (DIR* tasks = opendir("/proc/self/task")) {
    while (const dirent* entry = readdir(tasks)) {
      count += entry->d_name[0] != '.';
    }
    closedir(tasks);
  }
  return count;
}

}  // namespace xpu::process
