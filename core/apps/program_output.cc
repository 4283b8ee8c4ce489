// SPDX-License-Identifier: Apache-2.0
#include "core/apps/program_output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "core/base/error.h"
#include "core/base/fd.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

using Clock = std::chrono::steady_clock;

struct Pipe {
  Fd read, write;

  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      fail_errno("cannot make a pipe");
    }
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

class Child {
 public:
  Child(const std::vector<std::string>& args, const Pipe& out, const Pipe& err) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& arg : args) {
      argv.push_back(const_cast<char*>(arg.c_str()));
    }
    argv.push_back(nullptr);
    errno = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (errno == ENOENT) {
      fail("there is no program ", args[0], " in PATH");
    }
    if (errno != 0) {
      fail_errno("cannot start ", args[0]);
    }
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
};

// False at its end.
bool read_some(const std::string& name, int fd, std::string& into) {
  char buffer[65536];
  const ssize_t got = ::read(fd, buffer, sizeof buffer);
  if (got < 0 && errno == EINTR) {
    return true;
  }
  if (got < 0) {
    fail_errno("cannot read what ", name, " says");
  }
  into.append(buffer, static_cast<std::size_t>(got));
  if (into.size() > kMaxBytes) {
    fail(name, " says more than 16 MiB");
  }
  return got > 0;
}

}  // namespace

ProgramOutput output_of(const std::vector<std::string>& args, int seconds) {
  Pipe out, err;
  Child child(args, out, err);
  out.write.reset();
  err.write.reset();
  ProgramOutput result;
  pollfd polled[2] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}};
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) {
      fail(args[0], " has not answered for ", seconds, " s");
    }
    if (::poll(polled, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) {
      fail_errno("cannot wait for ", args[0]);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      std::string& into = i == 0 ? result.out : result.err;
      if (polled[i].fd >= 0 && polled[i].revents != 0 && !read_some(args[0], polled[i].fd, into)) {
        polled[i].fd = -1;
      }
      polled[i].revents = 0;
    }
  }
  result.code = child.wait();
  return result;
}

}  // namespace xpu
