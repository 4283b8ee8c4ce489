// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/host_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/platform.h"
#include "core/catalog/limits.h"
#include "core/log/log.h"

namespace xpu {
namespace {

// The host keeps the backend's deadline; this is for itself, should it get stuck while it checks
// the paths that it was told.
constexpr int kGraceSeconds = 5;
constexpr int kExitHung = 4;
constexpr std::size_t kMessageBytes = 4096;

// A pipe of which this process reads without waiting.
void make_pipe(Fd& reader, Fd& writer) {
  platform::make_pipe(reader, writer);
  fcntl(reader.get(), F_SETFL, O_NONBLOCK);
}

std::vector<std::string> arguments(const std::string& program, const Config& config,
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

std::int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

HostProcess::HostProcess(const Config& config, const Manifest& manifest)
    : name_(manifest.name),
      program_(installation().host_program),
      timeout_s_(config.backend_timeout_s),
      end_ms_(monotonic_ms() + std::int64_t{timeout_s_ + kGraceSeconds} * 1000) {
  Fd answer, messages;
  make_pipe(answer_fd_, answer);
  make_pipe(message_fd_, messages);
  const SpawnPlan plan(answer.get(), messages.get());
  std::vector<std::string> words = arguments(program_, config, manifest);
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* const environment[] = {path, nullptr};
  errno = posix_spawn(&pid_, program_.c_str(), &plan.actions, &plan.attributes, argv.data(),
                      environment);
  if (errno != 0) {
    pid_ = -1;
    if (errno == ENOENT) {
      fail("backend ", name_, ": there is no ", program_,
           ", which belongs to this program; install the package xpu-container-runtime again");
    }
    fail_errno("backend ", name_, ": cannot start ", program_);
  }
}

HostProcess::~HostProcess() {
  if (pid_ > 0) {
    kill_and_wait();
  }
}

void HostProcess::add_to(std::vector<pollfd>& polled) const {
  for (const Fd* fd : {&answer_fd_, &message_fd_}) {
    if (*fd) {
      polled.push_back({fd->get(), POLLIN, 0});
    }
  }
}

bool HostProcess::advance() {
  read_answer();
  read_messages();
  if (!answer_fd_ && !message_fd_) {
    // Both ends are closed by its exit, so this does not wait for long.
    waitpid(pid_, &status_, 0);
    pid_ = -1;
    return true;
  }
  if (monotonic_ms() < end_ms_ && answer_.size() <= limits::kCatalogBytes) {
    return false;
  }
  late_ = true;
  kill_and_wait();
  pid_ = -1;
  return true;
}

// A host that is asked to end takes what its backend started with it. One that does not, even
// though it was stopped no longer, is killed; one that is stuck in the kernel is not waited for.
void HostProcess::kill_and_wait() {
  kill(-pid_, SIGTERM);
  kill(-pid_, SIGCONT);
  if (!wait_briefly(500)) {
    kill(-pid_, SIGKILL);
    wait_briefly(100);
  }
}

bool HostProcess::wait_briefly(int ms) {
  const std::int64_t end = monotonic_ms() + ms;
  while (waitpid(pid_, &status_, WNOHANG) == 0) {
    if (monotonic_ms() >= end) {
      return false;
    }
    poll(nullptr, 0, 2);
  }
  return true;
}

void HostProcess::read_answer() {
  char buffer[16384];
  ssize_t got = -1;
  while (answer_fd_ && answer_.size() <= limits::kCatalogBytes &&
         (got = read(answer_fd_.get(), buffer, sizeof buffer)) > 0) {
    answer_.append(buffer, static_cast<std::size_t>(got));
  }
  if (got == 0) {
    answer_fd_.reset();
  }
}

void HostProcess::read_messages() {
  char buffer[4096];
  ssize_t got = -1;
  while (message_fd_ && (got = read(message_fd_.get(), buffer, sizeof buffer)) > 0) {
    for (char c : std::string_view(buffer, static_cast<std::size_t>(got))) {
      if (c == '\n' || message_.size() >= kMessageBytes) {
        say(message_);
        message_.clear();
      }
      if (c != '\n') {
        message_ += c;
      }
    }
  }
  if (got == 0) {
    message_fd_.reset();
    say(message_);
  }
}

// "LEVEL: TEXT"
void HostProcess::say(const std::string& line) {
  const std::size_t colon = line.find(": ");
  log::Level level = log::Level::kInfo;
  if (colon == std::string::npos || !log::parse_level(line.substr(0, colon), &level)) {
    if (!line.empty()) {
      log::info(cat("backend ", name_, ": ", line));
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
      // The result carries it.
      last_error_ = text;
      return;
  }
}

HostProcess::Result HostProcess::result() const {
  Result out;
  if (!late_) {
    try {
      out.catalog = catalog_from_json(answer_, cat("backend ", name_, ": the answer of its host"));
      out.hung = WIFEXITED(status_) && WEXITSTATUS(status_) == kExitHung;
      return out;
    } catch (const Error& error) {
      out.catalog.reason =
          last_error_.empty() ? error.what() : cat("backend ", name_, ": ", last_error_);
    }
  } else {
    out.hung = true;
    out.catalog.reason = cat("backend ", name_, ": its host did not answer within ",
                             timeout_s_ + kGraceSeconds, " s and was killed");
  }
  out.catalog.backend = name_;
  out.catalog.state = CatalogState::kFailed;
  return out;
}

}  // namespace xpu
