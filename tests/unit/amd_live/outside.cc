// SPDX-License-Identifier: Apache-2.0
// This program's own ioctl() and recvmsg(), which the library under test finds before the C
// library's, and its start anew with the library of umockdev before all others.
#include <dlfcn.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <map>
#include <string>

#include "backends/amd/kfd_abi.h"
#include "tests/unit/amd_live/live.h"

namespace xpu::test::outside {
namespace {

struct Ends {
  int theirs = -1, ours = -1;
};
std::map<std::uint32_t, Ends> pipes;
int ioctl_error = 0;
bool losing = false;

}  // namespace

int kfd_events_of(std::uint32_t gpu_id) {
  Ends& ends = pipes[gpu_id];
  if (ends.ours < 0) {
    int both[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    ends = {both[0], both[1]};
  }
  return ends.ours;
}

void fail_ioctl(int error) {
  ioctl_error = error;
}

std::uint64_t asked_of(std::uint32_t gpu_id) {
  std::uint64_t mask = 0;
  return recv(kfd_events_of(gpu_id), &mask, sizeof mask, 0) == sizeof mask ? mask : 0;
}

void lose_uevents() {
  losing = true;
}

void reset() {
  for (const auto& [gpu, ends] : pipes) {
    ::close(ends.theirs);
    ::close(ends.ours);
  }
  pipes.clear();
  ioctl_error = 0;
  losing = false;
}

// In the child of the library: the pipes are those that were there when it was made.
int answer(amd::kfd_abi::SmiEventsArgs& args) {
  const auto found = pipes.find(args.gpu_id);
  errno = ioctl_error != 0 ? ioctl_error : EINVAL;
  if (ioctl_error != 0 || found == pipes.end()) {
    return -1;
  }
  args.anon_fd = static_cast<std::uint32_t>(dup(found->second.theirs));
  return 0;
}

bool loses() {
  const bool now = losing;
  losing = false;
  return now;
}

}  // namespace xpu::test::outside

extern "C" {

__attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  if (request == xpu::amd::kfd_abi::kSmiEvents) {
    return xpu::test::outside::answer(*static_cast<xpu::amd::kfd_abi::SmiEventsArgs*>(argument));
  }
  using Ioctl = int (*)(int, unsigned long, void*);
  return reinterpret_cast<Ioctl>(dlsym(RTLD_NEXT, "ioctl"))(fd, request, argument);
}

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (message->msg_namelen == sizeof(sockaddr_nl) && xpu::test::outside::loses()) {
    errno = ENOBUFS;
    return -1;
  }
  using Recvmsg = ssize_t (*)(int, msghdr*, int);
  return reinterpret_cast<Recvmsg>(dlsym(RTLD_NEXT, "recvmsg"))(fd, message, flags);
}

// The C library gives these to constructors.
__attribute__((constructor)) static void start_in_testbed(int, char** argv, char**) {
  const char* preload = getenv("LD_PRELOAD");
  if (preload != nullptr && std::string(preload).find("umockdev") != std::string::npos) {
    return;
  }
  setenv("LD_PRELOAD", "libumockdev-preload.so.0", 1);
  setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
  execv("/proc/self/exe", argv);
  _exit(127);
}

}  // extern "C"
