// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/run_program.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace xpu::sdk {
namespace {

using Clock = std::chrono::steady_clock;

// False when the time was up and the child had to be killed. A child of which the kernel keeps no
// status, because its parent ignores SIGCHLD, counts as ended well.
bool wait_for(pid_t child, Clock::time_point end, int& status) {
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) {
      return true;
    }
    if (ended < 0 && errno != EINTR) {
      status = 0;
      return true;
    }
    if (Clock::now() >= end) {
      kill(child, SIGKILL);
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

std::string run_program(const std::string& program, const std::vector<std::string>& arguments,
                        unsigned seconds) {
  std::string command = program;
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) {
    command += " " + argument;
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};

  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], nullptr, nullptr, argv.data(), environment);
  if (error != 0) {
    return command + ": " + std::strerror(error);
  }
  int status = 0;
  if (!wait_for(child, Clock::now() + std::chrono::seconds(seconds), status)) {
    return command + ": did not end within " + std::to_string(seconds) + " s";
  }
  if (WIFSIGNALED(status)) {
    return command + ": ended by signal " + std::to_string(WTERMSIG(status));
  }
  return WEXITSTATUS(status) == 0
             ? ""
             : command + ": exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace xpu::sdk
