// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/host_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/platform.h"
#include "core/log/log.h"

namespace xpu {
namespace {

constexpr std::size_t kMessageBytes = 4096;
// At a time: what talks without end does not keep us from anything else.
constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::string_view kFarewell = "end: ";

// A pipe of which this process reads without waiting.
void make_pipe(Fd& reader, Fd& writer) {
  platform::make_pipe(reader, writer);
  fcntl(reader.get(), F_SETFL, O_NONBLOCK);
}

// What posix_spawn is told, freed again.
struct SpawnPlan {
  SpawnPlan(int answer, int messages) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, answer, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

std::vector<std::string> host_arguments(const std::string& program, const Config& config,
                                        const Manifest& manifest) {
  std::vector<std::string> out = {program,
                                  "--manifest",
                                  manifest.file,
                                  "--deadline",
                                  std::to_string(config.backend_timeout_s),
                                  "--memory",
                                  std::to_string(config.backend_memory_bytes)};
  if (config.require_sha256) {
    out.push_back("--require-sha256");
  }
  for (const auto& [name, value] : manifest.options) {
    out.push_back("--option");
    out.push_back(cat(name, "=", value));
  }
  return out;
}

HostChild::HostChild(const std::string& backend, std::vector<std::string> words) {
  Fd answer_end, message_end;
  make_pipe(out, answer_end);
  make_pipe(messages, message_end);
  const SpawnPlan plan(answer_end.get(), message_end.get());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* const environment[] = {path, nullptr};
  errno = posix_spawn(&pid_, argv[0], &plan.actions, &plan.attributes, argv.data(), environment);
  if (errno != 0) {
    pid_ = -1;
    if (errno == ENOENT) {
      fail("backend ", backend, ": there is no ", words[0],
           ", which belongs to this program; install the package xpu-container-runtime again");
    }
    fail_errno("backend ", backend, ": cannot start ", words[0]);
  }
}

HostChild::~HostChild() {
  end();
}

bool HostChild::wait_for(int ms) {
  const std::int64_t end = monotonic_ms() + ms;
  while (pid_ > 0 && !has_ended()) {
    if (monotonic_ms() >= end) {
      return false;
    }
    poll(nullptr, 0, 2);
  }
  wait();
  return true;
}

bool HostChild::has_ended() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == pid_;
}

void HostChild::wait() {
  if (pid_ > 0) {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    // Its number is still its own, and so is that of its group: what it left there ends too.
    kill(-pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
    pid_ = -1;
  }
}

void HostChild::end() {
  if (pid_ <= 0) {
    return;
  }
  kill(-pid_, SIGTERM);
  kill(-pid_, SIGCONT);
  if (!wait_for(500)) {
    kill_now();
  }
}

void HostChild::kill_now() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    wait_for(100);
    pid_ = -1;
  }
}

void HostLog::read_from(Fd& from) {
  std::string bytes;
  read_available(from, bytes, kReadBytes);
  for (const char c : bytes) {
    if (c == '\n' || rest_.size() >= kMessageBytes) {
      say(std::exchange(rest_, ""));
    }
    if (c != '\n') {
      rest_ += c;
    }
  }
  if (!from) {
    say(std::exchange(rest_, ""));
  }
}

void HostLog::say(const std::string& line) {
  if (line.starts_with(kFarewell)) {
    farewell_ = line.substr(kFarewell.size());
    return;
  }
  const std::size_t colon = line.find(": ");
  log::Level level = log::Level::kInfo;
  if (colon == std::string::npos || !log::parse_level(line.substr(0, colon), &level)) {
    if (!line.empty()) {
      log::info(cat("backend ", backend_, ": ", line));
      last_error_ = line;
    }
    return;
  }
  const std::string text = line.substr(colon + 2);
  switch (level) {
    case log::Level::kDebug:
      return log::debug(text);
    case log::Level::kInfo:
      return log::info(text);
    case log::Level::kWarn:
      return log::warn(text);
    case log::Level::kError:
      last_error_ = text;
      if (errors_too_) {
        log::error(text);
      }
      return;
  }
}

void read_available(Fd& from, std::string& to, std::size_t limit) {
  char buffer[16384];
  ssize_t got = -1;
  while (from && to.size() <= limit && (got = read(from.get(), buffer, sizeof buffer)) > 0) {
    to.append(buffer, static_cast<std::size_t>(got));
  }
  if (got == 0) {
    from.reset();
  }
}

}  // namespace xpu
