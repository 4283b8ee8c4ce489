// SPDX-License-Identifier: Apache-2.0
#include "core/setup/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/platform.h"

extern char** environ;

namespace xpu {
namespace {

constexpr std::size_t kOutputLimit = std::size_t{64} << 10;

using Clock = std::chrono::steady_clock;

bool is_program(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

std::vector<std::string> folders(const std::string& root) {
  std::vector<std::string> out;
  const char* path = root.empty() ? std::getenv("PATH") : nullptr;
  std::string_view left = path == nullptr ? "" : path;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(':'), left.size());
    if (left.front() == '/') {
      out.emplace_back(left.substr(0, end));
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  for (const char* folder :
       {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
    out.push_back(root + folder);
  }
  return out;
}

// Reads until the end, and ends the program when its time is over.
void read_output(int fd, pid_t pid, unsigned seconds, std::string& output) {
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  char buffer[4096];
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd polled{fd, POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&polled, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      ::kill(pid, SIGKILL);
      return;
    }
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) {
      return;
    }
    output.append(buffer, std::min(static_cast<std::size_t>(n), kOutputLimit - output.size()));
  }
}

}  // namespace

std::string find_program(const std::string& root, const std::string& name) {
  for (const std::string& folder : folders(root)) {
    const std::string path = cat(folder, '/', name);
    if (is_program(path)) {
      return path;
    }
  }
  return "";
}

Answer ask(const std::vector<std::string>& command, unsigned seconds) {
  Fd read_end, write_end;
  platform::make_pipe(read_end, write_end);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  std::vector<char*> argv;
  for (const std::string& word : command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, command.front().c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  write_end.reset();
  Answer answer;
  if (error != 0) {
    answer.output = cat("cannot run ", command.front(), ": ", std::strerror(error));
    return answer;
  }
  read_output(read_end.get(), pid, seconds, answer.output);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return answer;
}

}  // namespace xpu
