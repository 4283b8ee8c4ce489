// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/daemon.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/daemon/lock.h"
#include "core/log/log.h"
#include "core/plugin/host_process.h"

namespace xpu {
namespace {

// How long a look that is under way is waited for at the end.
constexpr int kPatienceMs = 3000;

// Those that the loop takes from a descriptor.
sigset_t own_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&set, number);
  }
  return set;
}

Fd take_over_signals() {
  const sigset_t set = own_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A reader that went away is an error of write(), not the end of this process.
  ::signal(SIGPIPE, SIG_IGN);
  // Whoever started us may have ignored it, and then the kernel forgets how children ended.
  ::signal(SIGCHLD, SIG_DFL);
  Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) {
    fail_errno("cannot take signals from a descriptor");
  }
  return fd;
}

void set_log(const Config& config) {
  log::Targets targets;
  targets.program = "xpud";
  targets.stderr_is_log = true;
  targets.level = config.log_level;
  targets.debug_file = config.debug;
  log::configure(targets);
}

// What a writer that was killed left.
void clean_up(const std::string& state_dir) {
  const std::string folder = cat(state_dir, "/load");
  const Fd fd = open_state_dir(folder);
  std::vector<std::string> names;
  for (const std::string& name : list_dir(fd.get(), folder)) {
    if (name.ends_with(".json")) {
      names.push_back(name);
    }
  }
  if (!names.empty()) {
    remove_stale_temporaries(fd.get(), names);
  }
}

}  // namespace

Daemon::Daemon(Config config)
    : config_(std::make_shared<const Config>(std::move(config))),
      lock_(lock_state(config_->state_dir)),
      signals_(take_over_signals()),
      manager_(ServiceManager::from_environment()),
      now_ms_(monotonic_ms()),
      started_ns_(wall_clock_ns()),
      picture_(config_->state_dir),
      heal_clock_("/run/systemd", now_ms_),
      reports_(std::make_unique<ReportReceiver>(config_->state_dir)) {
  set_log(*config_);
  clean_up(config_->state_dir);
  look_ms_ = tick_ms_ = beat_ms_ = now_ms_;
  counters_.since_ns = started_ns_;
  serving_.adjust(*config_, now_ms_);
}

Daemon::~Daemon() = default;

void Daemon::run() {
  log::info(cat("xpud ", XPU_VERSION, " looks after ", config_->state_dir));
  serving_.advance(now_ms_);
  manager_.ready();
  while (!stop_) {
    give_work();
    wait();
    now_ms_ = monotonic_ms();
    take_signals();
    hear();
    take_reports();
    if (worker_.busy()) {
      pollfd done = {worker_.fd(), POLLIN, 0};
      if (::poll(&done, 1, 0) > 0) {
        worker_.finish();
        take_outcome();
      }
    }
    serving_.advance(now_ms_);
    if (tick_ms_ <= now_ms_) {
      tick();
    }
    beat();
  }
  manager_.stopping();
  log::info("stops");
  pollfd done = {worker_.fd(), POLLIN, 0};
  if (worker_.busy() && ::poll(&done, 1, kPatienceMs) == 0) {
    // A driver hangs. What describes it ends with this process, and files are whole at any moment.
    log::warn("a backend is still at work, and is not waited for");
    reports_.reset();
    serving_ = Serving();
    ::_exit(0);
  }
}

std::optional<std::int64_t> Daemon::due_ms() const {
  std::int64_t due = tick_ms_;
  const auto also = [&](std::optional<std::int64_t> more) {
    due = std::min(due, more.value_or(due));
  };
  also(watchers_.due_ms());
  also(serving_.due_ms());
  if (manager_.watchdog_ms()) {
    also(beat_ms_ + *manager_.watchdog_ms());
  }
  if (!worker_.busy()) {
    for (const auto& [name, burst] : bursts_) {
      also(burst.due_ms());
    }
    also(look_ms_);
    also(heal_clock_.due_ms());
  }
  return due;
}

void Daemon::wait() {
  std::vector<pollfd> polled = {{signals_.get(), POLLIN, 0}, {reports_->fd(), POLLIN, 0}};
  if (worker_.busy()) {
    polled.push_back({worker_.fd(), POLLIN, 0});
  }
  if (heal_clock_.fd() >= 0) {
    polled.push_back({heal_clock_.fd(), POLLIN, 0});
  }
  watchers_.add_to(polled);
  const std::int64_t left = std::clamp<std::int64_t>(*due_ms() - monotonic_ms(), 0, 600'000);
  if (::poll(polled.data(), polled.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
    fail_errno("cannot wait for anything");
  }
  if (heal_clock_.fd() >= 0) {
    heal_clock_.notice(monotonic_ms());
  }
}

void Daemon::take_signals() {
  signalfd_siginfo info;
  bool again = false;
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGHUP) {
      again = true;
    } else {
      stop_ = true;
    }
  }
  if (again && !stop_) {
    reload();
  }
}

void Daemon::reload() {
  manager_.reloading();
  try {
    Config config = load_config();
    if (config.state_dir != config_->state_dir) {
      log::warn(cat("the state folder stays ", config_->state_dir, " until xpud is started anew; ",
                    config.state_dir, " is configured"));
      config.state_dir = config_->state_dir;
    }
    config_ = std::make_shared<const Config>(std::move(config));
    set_log(*config_);
    serving_.adjust(*config_, now_ms_);
    look_ms_ = now_ms_;
    log::info("the configuration was read again");
  } catch (const Error& error) {
    log::error(cat("the configuration that was in force stays so: ", error.what()));
  }
  manager_.ready();
}

void Daemon::beat() {
  if (manager_.watchdog_ms() && now_ms_ >= beat_ms_ + *manager_.watchdog_ms()) {
    beat_ms_ = now_ms_;
    manager_.alive();
  }
}

}  // namespace xpu
