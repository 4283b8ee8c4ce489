// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/base/clock.h"
#include "core/base/platform.h"
#include "core/catalog/conditions.h"
#include "core/plugin/host_child.h"
#include "core/plugin_host/deadline.h"
#include "core/plugin_host/enter.h"
#include "core/plugin_host/extensions.h"
#include "core/plugin_host/lines.h"
#include "core/plugin_host/outbox.h"

namespace xpu {
namespace {

constexpr std::int64_t kAliveMs = 10'000;
// Between two calls of dispatch(): a descriptor that is always readable costs no more than this.
constexpr std::int64_t kDispatchMs = 5;
constexpr std::uint32_t kShortestMs = 50;  // that dispatch() may ask for
constexpr std::int64_t kRetryMs = 60'000;  // after a start() that failed
constexpr std::int64_t kLinesMs = 60'000;  // what a backend may print is counted anew
constexpr std::int64_t kNever = INT64_MAX;
constexpr int kFarewellMs = 2000;  // for what is still to be written

// There is nothing to watch.
class Absent : public Error {
 public:
  using Error::Error;
};

// A pipe whose ends never block: nobody reads it while a call is in progress, and what does not fit
// is lost.
struct Pipe {
  Pipe() {
    platform::make_pipe(read_end, write_end);
    fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
    fcntl(write_end.get(), F_SETFL, O_NONBLOCK);
  }
  Fd read_end, write_end;
};

// The descriptor under a number that the backend does not expect.
int put_aside(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (copy < 0) {
    fail_errno("cannot copy a descriptor");
  }
  return copy;
}

// A line on `fd`, unless whoever reads it is behind.
void say_line(int fd, std::string_view level, const std::string& text) {
  const std::string line = cat(level, ": ", text, "\n");
  pollfd polled = {fd, POLLOUT, 0};
  if (poll(&polled, 1, 0) > 0 && (polled.revents & POLLOUT) != 0) {
    [[maybe_unused]] const ssize_t wrote = write(fd, line.data(), line.size());
  }
}

class Watch {
 public:
  Watch(const Manifest& manifest, const HostLimits& limits, const WatchOptions& options)
      : manifest_(manifest),
        limits_(limits),
        options_(options),
        out_(put_aside(STDOUT_FILENO)),
        err_(put_aside(STDERR_FILENO)),
        outbox_(out_.get()),
        log_([this](log::Level level, const std::string& text) {
          static const char* const kNames[] = {"debug", "info", "warning", "error"};
          say_line(err_.get(), kNames[static_cast<int>(level)], text);
        }),
        lines_{OutputLines(manifest.name, "stdout", log_),
               OutputLines(manifest.name, "stderr", log_),
               OutputLines(manifest.name, nullptr, log_)},
        collector_(manifest, pipes_[2].write_end.get()),
        sinks_(collector_, [this](const watch::Event& event) { return send(event); }),
        deadlines_(limits.deadline_s, err_.get()) {}

  int run() {
    int status = kHostOk;
    try {
      open();
      start();
      while (!deadlines_.told_to_end() && !reader_gone()) {
        step();
        wait();
      }
      stop();
    } catch (const Absent& absent) {
      send(watch::Absent{absent.what()});
      // What is said while it stops is of no interest to anybody any more.
      try {
        stop();
      } catch (const Error& error) {
        status = end(kHostFailed, error);
      }
    } catch (const Refused& error) {
      status = end(kHostRefused, error);
    } catch (const Error& error) {
      status = end(kHostFailed, error);
    }
    finish();
    return status;
  }

 private:
  template <class F>
  auto timed(const char* name, F&& function) {
    deadlines_.set(name);
    collector_.begin_call();
    auto result = call(name, function);
    deadlines_.clear();
    return result;
  }

  void open() {
    deadlines_.set("loading its library");
    enclose(limits_, pipes_[0].write_end.get(), pipes_[1].write_end.get(), SIGTERM);
    prepare_unwinder();
    const xpu_backend_entry_fn entry = load_entry(manifest_);
    backend_ = &negotiate(manifest_, collector_, collector_.host(), entry);
    const xpu_status status =
        timed("open()", [&] { return backend_->open(collector_.host(), &self_); });
    if (status == XPU_ABSENT) {
      throw Absent(why_absent());
    }
    if (status != XPU_OK) {
      throw Error(failure_text("open()", status, collector_.error()));
    }
    opened_ = true;
    deadlines_.set("extension()");
    const Extensions found = find_extensions(*backend_, self_);
    deadlines_.clear();
    hotplug_.table = options_.events ? found.hotplug : nullptr;
    metrics_.table = options_.samples ? found.metrics : nullptr;
    if (hotplug_.table == nullptr && metrics_.table == nullptr) {
      throw Absent(cat("it does not offer ", options_.events ? XPU_HOTPLUG_1 : "",
                       options_.events && options_.samples ? " or " : "",
                       options_.samples ? XPU_METRICS_1 : ""));
    }
  }

  std::string why_absent() const {
    return collector_.error().empty() ? kNothingHere : collector_.error();
  }

  // An extension, and when what is due.
  template <class Table>
  struct Extension {
    const Table* table = nullptr;
    bool running = false;
    std::int64_t due_ms = kNever;  // sample() or dispatch(), or start() where it is not running
    std::string failure, absent;   // of the last start()
  };

  void start() {
    start_hotplug();
    start_metrics();
    if (hotplug_.running || metrics_.running) {
      for (const std::string* failure : {&hotplug_.failure, &metrics_.failure}) {
        if (!failure->empty()) {
          log_(log::Level::kWarn, cat("backend ", manifest_.name, ": ", *failure));
        }
      }
      send(watch::Ready{hotplug_.running, metrics_.running});
      return;
    }
    for (const std::string* failure : {&hotplug_.failure, &metrics_.failure}) {
      if (!failure->empty()) {
        throw Error(*failure);
      }
    }
    throw Absent(hotplug_.absent.empty() ? metrics_.absent : hotplug_.absent);
  }

  void start_hotplug() {
    if (hotplug_.table == nullptr) {
      return;
    }
    sinks_.watching(true);
    const xpu_status status = timed("start() of " XPU_HOTPLUG_1,
                                    [&] { return hotplug_.table->start(self_, sinks_.events()); });
    sinks_.watching(false);
    started(hotplug_, "start() of " XPU_HOTPLUG_1, status);
  }

  void start_metrics() {
    if (metrics_.table == nullptr) {
      return;
    }
    const xpu_status status = timed("start() of " XPU_METRICS_1,
                                    [&] { return metrics_.table->start(self_, sinks_.metrics()); });
    started(metrics_, "start() of " XPU_METRICS_1, status);
  }

  template <class Table>
  void started(Extension<Table>& extension, const char* name, xpu_status status) {
    extension.running = status == XPU_OK;
    extension.absent = status == XPU_ABSENT ? why_absent() : "";
    extension.failure = status == XPU_OK || status == XPU_ABSENT
                            ? ""
                            : failure_text(name, status, collector_.error());
    extension.due_ms = extension.running           ? monotonic_ms()
                       : extension.failure.empty() ? kNever
                                                   : monotonic_ms() + kRetryMs;
  }

  void step() {
    // What was said before a call that may not return.
    outbox_.pump();
    const std::int64_t now = monotonic_ms();
    if (hotplug_.due_ms <= now || metrics_.due_ms <= now) {
      if (hotplug_.due_ms <= now) {
        hotplug_.running ? dispatch() : start_hotplug();
      }
      if (metrics_.due_ms <= now) {
        metrics_.running ? sample() : start_metrics();
      }
      if (hotplug_.running != said_.hotplug || metrics_.running != said_.metrics) {
        send(watch::Ready{hotplug_.running, metrics_.running});
      }
    }
    if (monotonic_ms() - said_ms_ >= kAliveMs) {
      said_ms_ = monotonic_ms();
      // What still waits shows as much.
      if (!outbox_.waiting()) {
        send(watch::Alive{});
      }
    }
    outbox_.pump();
    check_room();
  }

  void dispatch() {
    std::uint32_t next_ms = XPU_NO_TIMEOUT;
    sinks_.watching(true);
    const xpu_status status =
        timed("dispatch()", [&] { return hotplug_.table->dispatch(self_, &next_ms); });
    sinks_.watching(false);
    check_room();
    if (status == XPU_ABSENT) {
      throw Absent(why_absent());
    }
    if (status != XPU_OK) {
      throw Error(failure_text("dispatch()", status, collector_.error()));
    }
    const std::int64_t now = monotonic_ms();
    hotplug_.due_ms = next_ms == XPU_NO_TIMEOUT ? kNever : now + std::max(next_ms, kShortestMs);
    not_before_ms_ = now + kDispatchMs;
  }

  void sample() {
    const std::int64_t begin = wall_clock_ns();
    const std::uint64_t since_boot = boot_seconds();
    sinks_.begin_sample();
    const xpu_status status = timed("sample()", [&] { return metrics_.table->sample(self_); });
    watch::Sample sample = sinks_.end_sample();
    if (status == XPU_OK) {
      sample.time_ns = begin;
      // The clock may have been set meanwhile.
      sample.took_ns = std::max<std::int64_t>(wall_clock_ns() - begin, 0);
      sample.boot_seconds = static_cast<std::int64_t>(since_boot);
      send(std::move(sample));
    } else {
      send(watch::Failed{failure_text("sample()", status, collector_.error())});
    }
    const std::int64_t now = monotonic_ms();
    metrics_.due_ms += options_.interval_ms;
    if (metrics_.due_ms <= now) {
      metrics_.due_ms = now + options_.interval_ms;
    }
  }

  bool send(const watch::Message& message) {
    if (const auto* ready = std::get_if<watch::Ready>(&message)) {
      said_ = *ready;
    }
    said_ms_ = monotonic_ms();
    return outbox_.add(message);
  }

  bool reader_gone() const { return reader_gone_ || outbox_.reader_gone(); }

  void check_room() const {
    if (outbox_.overflowed()) {
      throw Error(cat("more than ", Outbox::kBytes >> 20,
                      " MiB of events wait: the backend emits too many, or nobody reads them"));
    }
  }

  // Until something is to be done.
  void wait() {
    const std::int64_t now = monotonic_ms();
    int descriptor = -1;
    std::int64_t until = std::min({hotplug_.due_ms, metrics_.due_ms, said_ms_ + kAliveMs});
    if (hotplug_.running) {
      // dispatch() looks again as soon as it may.
      if (now >= not_before_ms_) {
        descriptor = ask_descriptor();
      } else {
        until = std::min(until, not_before_ms_);
      }
    }
    std::vector<pollfd> polled = {
        {descriptor, POLLIN, 0},
        {out_.get(), static_cast<short>(outbox_.waiting() ? POLLOUT : 0), 0},
        {deadlines_.wake_fd(), POLLIN, 0}};
    for (const Pipe& pipe : pipes_) {
      polled.push_back({pipe.read_end.get(), POLLIN, 0});
    }
    const std::int64_t left = std::clamp<std::int64_t>(until - now, 0, kAliveMs);
    if (poll(polled.data(), polled.size(), static_cast<int>(left)) <= 0) {
      return;
    }
    if (descriptor >= 0 && (polled[0].revents & POLLNVAL) != 0) {
      throw Error(tagged(Obligation::kPrompt,
                         cat("descriptor() returned ", descriptor, ", which is not open")));
    }
    if (polled[0].revents != 0) {
      hotplug_.due_ms = now;
    }
    if ((polled[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
      reader_gone_ = true;
    }
    read_lines();
  }

  int ask_descriptor() {
    return timed("descriptor()", [&] { return hotplug_.table->descriptor(self_); });
  }

  void read_lines() {
    if (monotonic_ms() - lines_ms_ >= kLinesMs) {
      lines_ms_ = monotonic_ms();
      for (OutputLines& lines : lines_) {
        lines.allow_more();
      }
    }
    char buffer[4096];
    for (std::size_t i = 0; i < pipes_.size(); ++i) {
      // No more than a pipe holds: what is printed meanwhile waits for the next time.
      for (int turn = 0; turn < 16; ++turn) {
        const ssize_t got = read(pipes_[i].read_end.get(), buffer, sizeof buffer);
        if (got <= 0) {
          break;
        }
        lines_[i].add({buffer, static_cast<std::size_t>(got)});
      }
    }
  }

  void stop() {
    const auto ended = [](auto function) {
      return [function] {
        function();
        return true;
      };
    };
    if (std::exchange(hotplug_.running, false)) {
      timed("stop() of " XPU_HOTPLUG_1, ended([&] { hotplug_.table->stop(self_); }));
    }
    if (std::exchange(metrics_.running, false)) {
      timed("stop() of " XPU_METRICS_1, ended([&] { metrics_.table->stop(self_); }));
    }
    if (std::exchange(opened_, false)) {
      timed("close()", ended([&] { backend_->close(self_); }));
    }
  }

  int end(int status, const Error& error) {
    farewell_ = error.what();
    return status;
  }

  // The last words, for a while.
  void finish() {
    deadlines_.clear();
    const std::int64_t until = monotonic_ms() + kFarewellMs;
    outbox_.pump();
    while (outbox_.waiting() && !reader_gone() && !outbox_.overflowed() &&
           !deadlines_.told_to_end() && monotonic_ms() < until) {
      pollfd polled = {out_.get(), POLLOUT, 0};
      poll(&polled, 1, 100);
      outbox_.pump();
    }
    read_lines();
    for (OutputLines& lines : lines_) {
      lines.flush();
    }
    if (!farewell_.empty()) {
      say_line(err_.get(), "end", farewell_);
    }
  }

  const Manifest& manifest_;
  const HostLimits& limits_;
  const WatchOptions& options_;
  Fd out_, err_;
  Outbox outbox_;
  const LogLine log_;
  std::array<Pipe, 3> pipes_;  // stdout, stderr, log
  std::array<OutputLines, 3> lines_;
  Collector collector_;
  LiveSinks sinks_;
  Deadlines deadlines_;
  const xpu_backend* backend_ = nullptr;
  void* self_ = nullptr;
  bool opened_ = false, reader_gone_ = false;
  Extension<xpu_hotplug_1> hotplug_;
  Extension<xpu_metrics_1> metrics_;
  watch::Ready said_;
  std::int64_t said_ms_ = 0, not_before_ms_ = 0, lines_ms_ = 0;
  std::string farewell_;
};

}  // namespace

int run_watch(const Manifest& manifest, const HostLimits& limits, const WatchOptions& options) {
  return Watch(manifest, limits, options).run();
}

}  // namespace xpu
