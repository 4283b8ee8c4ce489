// SPDX-License-Identifier: Apache-2.0
#include "core/apps/monitor.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "core/apps/commands.h"
#include "core/apps/signals.h"
#include "core/apps/stats.h"
#include "core/apps/terminal.h"
#include "core/apps/watched.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/log/log.h"
#include "core/plugin/host_process.h"

namespace xpu {
namespace {

constexpr unsigned kScreenSeconds = 2;
// For what is measured as a difference, two are needed.
constexpr unsigned kSamples = 2;
// After the first look: whoever has not measured by then is shown without.
constexpr std::int64_t kPatienceMs = 6000;
constexpr int kTickMs = 1000;

// One that looks still goes on for as long as a backend's deadline, and nobody waits for that.
int leave(Watched& watched, int code) {
  if (watched.busy()) {
    watched.stop_watching();
    std::fflush(nullptr);
    ::_exit(code);
  }
  return code;
}

// Waits for what there is to wait for, and takes it. False once a signal or a reader that is gone
// says that it is enough. `most_ms`: -1 for no limit.
bool step(Watched& watched, Signals& signals, int most_ms, bool* news) {
  std::vector<pollfd> polled = {{signals.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
  watched.add_to(polled);
  const int wait = watched.wait_ms(monotonic_ms());
  ::poll(polled.data(), polled.size(), most_ms < 0 ? wait : std::min(wait, most_ms));
  *news = watched.advance(monotonic_ms());
  return signals.next() == 0 && (polled[1].revents & (POLLERR | POLLHUP)) == 0;
}

// Until everything that can be shown was seen, or took too long.
bool wait_for_all(Watched& watched, Signals& signals) {
  std::int64_t end_ms = -1;
  while (!watched.complete(kSamples)) {
    const std::int64_t now = monotonic_ms();
    if (end_ms < 0 && watched.looked()) {
      end_ms = now + kPatienceMs;
    }
    if (end_ms >= 0 && now >= end_ms) {
      break;
    }
    bool news = false;
    if (!step(watched, signals, end_ms < 0 ? -1 : static_cast<int>(end_ms - now), &news)) {
      return false;
    }
  }
  return true;
}

// Calls `show` at once, and with `follow` every so often until a signal comes.
template <class Show>
int show_text(Watched& watched, bool follow, unsigned interval_s, Show show) {
  Signals signals({SIGINT, SIGTERM, SIGHUP});
  bool on = wait_for_all(watched, signals);
  if (!on) {
    return leave(watched, 0);
  }
  show(watched.view());
  std::int64_t next_ms = monotonic_ms() + std::int64_t{interval_s} * 1000;
  while (on && follow) {
    bool news = false;
    on = step(watched, signals,
              static_cast<int>(std::max<std::int64_t>(next_ms - monotonic_ms(), 0)), &news);
    if (on && monotonic_ms() >= next_ms) {
      show(watched.view());
      next_ms += std::int64_t{interval_s} * 1000;
    }
  }
  return leave(watched, 0);
}

// What is logged would stand in the middle of the screen; the notes of the view say it.
class Quiet {
 public:
  Quiet() { configure(false); }
  ~Quiet() { configure(true); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  void configure(bool loud) const {
    log::Targets targets;
    targets.program = "xpu-runtime";
    targets.level = level_;
    targets.stderr_on = loud;
    log::configure(targets);
  }
  log::Level level_ = log::enabled(log::Level::kDebug) ? log::Level::kDebug : log::Level::kWarn;
};

class MonitorScreen {
 public:
  MonitorScreen(Watched& watched, const MonitorWish& wish, const Glyphs& glyphs)
      : watched_(watched),
        glyphs_(glyphs),
        signals_({SIGINT, SIGTERM, SIGHUP, SIGWINCH}),
        terminal_(!wish.no_colour && std::getenv("NO_COLOR") == nullptr) {
    screen_.page = wish.page;
    screen_.order.column = wish.sort;
  }

  void run() {
    view_ = watched_.view();
    do {
      terminal_.draw(frame(view_, screen_, terminal_.width(), terminal_.height(), glyphs_),
                     glyphs_);
    } while (wait());
  }

 private:
  // False: it is to end.
  bool wait() {
    std::vector<pollfd> polled = {{STDIN_FILENO, POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
    watched_.add_to(polled);
    ::poll(polled.data(), polled.size(), std::min(watched_.wait_ms(monotonic_ms()), kTickMs));
    while (const int number = signals_.next()) {
      if (number != SIGWINCH) {
        return false;
      }
      terminal_.take_size();
    }
    // A terminal that is gone.
    if ((polled[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
      return false;
    }
    while (const std::optional<KeyPress> key = terminal_.key()) {
      if (!press(screen_, *key, view_)) {
        return false;
      }
    }
    watched_.advance(monotonic_ms());
    if (!screen_.paused) {
      view_ = watched_.view();
    }
    return true;
  }

  Watched& watched_;
  Glyphs glyphs_;
  Signals signals_;
  Terminal terminal_;  // after the signals: it leaves alone what is handled
  Screen screen_;
  View view_;
};

}  // namespace

int monitor(const Config& config, const MonitorWish& wish) {
  const Glyphs glyphs = glyphs_of_locale();
  bool text = wish.once || wish.json;
  if (!text) {
    if (const std::string problem = screen_problem(); !problem.empty()) {
      log::warn(cat(problem, "; this is one look, as with --once"));
      text = true;
    }
  }
  if (!text) {
    Watched watched(config, wish.interval_s == 0 ? kScreenSeconds : wish.interval_s);
    {
      const Quiet quiet;
      MonitorScreen(watched, wish, glyphs).run();
    }
    return leave(watched, 0);
  }
  const bool follow = wish.json && !wish.once && wish.interval_s > 0;
  Watched watched(config, follow ? wish.interval_s : 1);
  Order order;
  order.column = wish.sort;
  return show_text(watched, follow, wish.interval_s, [&](const View& view) {
    print(wish.json ? to_json(view) + "\n"
                    : plain(whole_frame(view, wish.page, order, terminal_width(), glyphs), glyphs));
  });
}

int stats(const Config& config, const StatsWish& wish) {
  const Glyphs glyphs = glyphs_of_locale();
  Watched watched(config, wish.interval_s);
  bool again = false;
  const auto show = [&](const View& view) {
    const std::size_t width = std::max(terminal_width(), 80u);
    const ShownContainer* const one =
        wish.container.empty() ? nullptr : &container_of(view, wish.container);
    if (wish.json) {
      print((one == nullptr ? stats_json(view) : to_json(view, *one)) + "\n");
      return;
    }
    print(cat(again ? "\n" : "",
              one == nullptr ? stats_text(view, wish.memory_breakdown, width, glyphs)
                             : stats_text(view, *one, wish.memory_breakdown, width, glyphs)));
    again = true;
  };
  try {
    return show_text(watched, wish.follow, wish.interval_s, show);
  } catch (const Error& error) {
    log::error(error.what());
    return leave(watched, kFailure);
  }
}

}  // namespace xpu
