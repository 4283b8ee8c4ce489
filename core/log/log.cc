// SPDX-License-Identifier: Apache-2.0
#include "core/log/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/log/format.h"

namespace xpu::log {
namespace {

constexpr off_t kDebugFileLimit = 16 << 20;

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      break;
  }
  return spdlog::level::err;
}

Level from_spdlog(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return Level::kDebug;
    case spdlog::level::info:
      return Level::kInfo;
    case spdlog::level::warn:
      return Level::kWarn;
    default:
      return Level::kError;
  }
}

// One write per line, so that lines of several processes in one file stay whole. A log that cannot
// be written has nobody to tell.
void put(int fd, const std::string& line) {
  const ssize_t n = ::write(fd, line.data(), line.size());
  static_cast<void>(n);
}

class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StderrSink(std::string program) : program_(std::move(program)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    put(STDERR_FILENO,
        person_line(program_, from_spdlog(msg.level), {msg.payload.data(), msg.payload.size()}));
  }
  void flush_() override {}

 private:
  std::string program_;
};

class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FileSink(Fd fd, bool json) : fd_(std::move(fd)), json_(json) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const std::string time = rfc3339(std::chrono::system_clock::to_time_t(msg.time));
    const std::string_view text(msg.payload.data(), msg.payload.size());
    const Level level = from_spdlog(msg.level);
    put(fd_.get(), json_ ? json_line(level, time, text) : text_line(level, time, text));
  }
  void flush_() override {}

 private:
  Fd fd_;
  bool json_;
};

// crun takes a kind of destination before the path; only files are ours to write.
std::string engine_path(const std::string& name) {
  if (name.starts_with("file:")) {
    return name.substr(5);
  }
  const bool no_file = name.starts_with("journald:") || name.starts_with("syslog:");
  return no_file || name == "/dev/stderr" ? "" : name;
}

// O_NONBLOCK: a FIFO that nobody reads must not hold up a container.
constexpr int kOpenFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

Fd open_debug_file(const std::string& path) {
  Fd fd(::open(path.c_str(), kOpenFlags | O_NOFOLLOW, 0640));
  struct stat st {};
  if (fd && ::fstat(fd.get(), &st) == 0 && S_ISREG(st.st_mode) && st.st_size > kDebugFileLimit) {
    ::rename(path.c_str(), cat(path, ".old").c_str());
    fd.reset(::open(path.c_str(), kOpenFlags | O_NOFOLLOW, 0640));
  }
  return fd;
}

class Log {
 public:
  void configure(const Targets& targets) {
    const std::lock_guard<std::mutex> lock(mutex_);
    targets_ = targets;
    targets_.engine_file = engine_path(targets.engine_file);
    logger_.reset();
  }

  bool enabled(Level level) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return is_on(level);
  }

  void write(Level level, std::string_view text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!is_on(level)) {
      return;
    }
    if (!logger_) {
      logger_ = make_logger();
    }
    logger_->log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
  }

 private:
  bool is_on(Level level) const {
    const bool has_file = !targets_.debug_file.empty() ||
                          (!targets_.engine_file.empty() && targets_.level == Level::kDebug);
    return level == Level::kError ||
           (level >= targets_.level &&
            (level == Level::kWarn || has_file || targets_.stderr_is_log));
  }

  std::unique_ptr<spdlog::logger> make_logger() const {
    std::vector<spdlog::sink_ptr> sinks;
    if (targets_.stderr_on) {
      sinks.push_back(std::make_shared<StderrSink>(targets_.program));
      // An engine connects our stderr to the container's own output: a warning would stand there.
      sinks.back()->set_level(targets_.stderr_is_log         ? to_spdlog(targets_.level)
                              : targets_.engine_file.empty() ? spdlog::level::warn
                                                             : spdlog::level::err);
    }
    if (!targets_.engine_file.empty()) {
      add_file(sinks, Fd(::open(targets_.engine_file.c_str(), kOpenFlags, 0644)),
               targets_.engine_file, targets_.engine_json,
               targets_.level == Level::kDebug ? Level::kDebug : Level::kWarn);
    }
    if (!targets_.debug_file.empty()) {
      add_file(sinks, open_debug_file(targets_.debug_file), targets_.debug_file, false,
               targets_.level);
    }
    auto logger = std::make_unique<spdlog::logger>(targets_.program, sinks.begin(), sinks.end());
    logger->set_level(spdlog::level::debug);
    return logger;
  }

  void add_file(std::vector<spdlog::sink_ptr>& sinks, Fd fd, const std::string& path, bool json,
                Level level) const {
    if (fd) {
      sinks.push_back(std::make_shared<FileSink>(std::move(fd), json));
      sinks.back()->set_level(to_spdlog(level));
    } else if (targets_.level == Level::kDebug && targets_.stderr_on) {
      put(STDERR_FILENO,
          person_line(targets_.program, Level::kDebug,
                      cat("cannot open the log ", path, ": ", std::strerror(errno))));
    }
  }

  // A service logs from its worker too.
  mutable std::mutex mutex_;
  Targets targets_;
  std::unique_ptr<spdlog::logger> logger_;
};

Log& instance() {
  static Log log;
  return log;
}

}  // namespace

void configure(const Targets& targets) {
  instance().configure(targets);
}

void debug(std::string_view text) {
  instance().write(Level::kDebug, text);
}
void info(std::string_view text) {
  instance().write(Level::kInfo, text);
}
void warn(std::string_view text) {
  instance().write(Level::kWarn, text);
}
void error(std::string_view text) {
  instance().write(Level::kError, text);
}
bool enabled(Level level) {
  return instance().enabled(level);
}

bool parse_level(std::string_view text, Level* out) {
  constexpr std::pair<std::string_view, Level> kNames[] = {{"debug", Level::kDebug},
                                                           {"info", Level::kInfo},
                                                           {"warn", Level::kWarn},
                                                           {"warning", Level::kWarn},
                                                           {"error", Level::kError}};
  for (const auto& [name, level] : kNames) {
    if (name == text) {
      *out = level;
      return true;
    }
  }
  return false;
}

}  // namespace xpu::log
