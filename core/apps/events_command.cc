// SPDX-License-Identifier: Apache-2.0
#include "core/apps/events_command.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "core/apps/commands.h"
#include "core/apps/signals.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/log/log.h"
#include "core/usage/when.h"

namespace xpu {
namespace {

constexpr const char* kLock = "xpud.lock";
constexpr std::size_t kMostBytes = 64;
// Where nothing tells of changes: no inotify left, or a folder that is not there yet.
constexpr int kPauseMs = 1000;

// Of the process that the lock names; 0 for none.
int locker(const std::string& state_dir) {
  int out = 0;
  try {
    const std::string text =
        read_file_if_present(cat(state_dir, '/', kLock), kMostBytes).value_or("");
    std::from_chars(text.data(), text.data() + text.size(), out);
  } catch (const Error&) {
  }
  return out;
}

// Waits for changes of the journal.
class Changes {
 public:
  explicit Changes(std::string folder)
      : folder_(std::move(folder)), fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

  void watch() {
    if (!watched_ && fd_) {
      watched_ = ::inotify_add_watch(fd_.get(), folder_.c_str(),
                                     IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF |
                                         IN_MOVE_SELF | IN_ONLYDIR) >= 0;
    }
  }

  // False once somebody wants this to end, or nobody reads what is printed.
  bool wait(Signals& signals) {
    for (;;) {
      pollfd polled[] = {{fd_.get(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
      const int ready = ::poll(polled, 3, watched_ ? -1 : kPauseMs);
      if (signals.next() != 0 || (polled[2].revents & (POLLERR | POLLHUP)) != 0) {
        return false;
      }
      if (ready == 0 || (ready > 0 && (polled[0].revents & POLLIN) != 0 && concerns_us())) {
        return true;
      }
    }
  }

 private:
  // Whether the journal changed, or the folder went.
  bool concerns_us() {
    alignas(inotify_event) char buffer[8192];
    bool out = false;
    for (ssize_t got; (got = ::read(fd_.get(), buffer, sizeof buffer)) > 0;) {
      for (ssize_t at = 0; at < got;) {
        const auto* const event = reinterpret_cast<const inotify_event*>(buffer + at);
        const bool gone = (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
        const bool overrun = (event->mask & IN_Q_OVERFLOW) != 0;
        watched_ = watched_ && !gone;
        out = out || gone || overrun ||
              (event->len > 0 && std::string_view(event->name) == kEventsFile);
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return out;
  }

  std::string folder_;
  Fd fd_;
  bool watched_ = false;
};

void print_events(const std::vector<HostEvent>& events, const EventsWish& wish,
                  std::int64_t since) {
  std::string out;
  for (const HostEvent& event : events) {
    if (wanted(event, wish, since)) {
      out += (wish.json ? to_json_line(event) : to_text_line(event)) + "\n";
    }
  }
  if (!out.empty()) {
    print(out);
  }
}

}  // namespace

bool wanted(const HostEvent& event, const EventsWish& wish, std::int64_t since_unix) {
  const EventContainer& container = event.container;
  const auto is_named = [&](const std::string& name) {
    return container.id.starts_with(name) || container.name == name || container.pod == name ||
           cat(container.pod_namespace, '/', container.pod) == name;
  };
  return event.time_ns / 1'000'000'000 >= since_unix &&
         (wish.kinds.empty() || contains(wish.kinds, std::string(to_string(event.kind)))) &&
         (wish.device.empty() || event.device == wish.device || event.key == wish.device) &&
         (wish.container.empty() || (!container.id.empty() && is_named(wish.container)));
}

std::string xpud_missing(const std::string& state_dir) {
  const int pid = locker(state_dir);
  try {
    const std::optional<std::string> name =
        pid > 0 ? read_file_if_present(cat("/proc/", pid, "/comm"), kMostBytes) : std::nullopt;
    if (name && name->starts_with("xpud")) {
      return "";
    }
  } catch (const Error&) {
    // A process that ended while it was looked at.
  }
  return cat("xpud does not run for ", state_dir,
             ": nothing new is written until it does; start it with: systemctl start xpud");
}

int show_events(const Config& config, const EventsWish& wish) {
  const std::int64_t since =
      wish.since.empty() ? 0
                         : parse_time(wish.since, static_cast<std::int64_t>(std::time(nullptr)));
  EventReader reader(config.state_dir);
  print_events(reader.next(), wish, since);
  if (const std::string missing = xpud_missing(config.state_dir); !missing.empty()) {
    log::warn(missing);
  }
  if (wish.no_follow) {
    return 0;
  }
  Signals signals({SIGINT, SIGTERM, SIGHUP});
  Changes changes(config.state_dir);
  do {
    // Watched first: what comes in between is read, or told of.
    changes.watch();
    print_events(reader.next(), wish, since);
  } while (changes.wait(signals));
  return 0;
}

}  // namespace xpu
