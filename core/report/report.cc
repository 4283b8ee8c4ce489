// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/report/socket.h"

namespace xpu {
namespace {

constexpr std::string_view kFirstLine = "xpu-start 1\n";
constexpr std::size_t kValueBytes = 512;
constexpr std::size_t kMostValues = 64;

constexpr const char* kStepNames[kStartSteps] = {"configuration", "catalogs", "selection",
                                                 "waiting",       "plan",     "write"};
constexpr const char* kResultNames[kStartResults] = {"started", "without-devices", "denied", "busy",
                                                     "failed"};

template <class Enum, std::size_t kCount>
std::optional<Enum> named(const char* const (&names)[kCount], std::string_view name) {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (name == names[i]) {
      return static_cast<Enum>(i);
    }
  }
  return std::nullopt;
}

// One line of the report; what is cut is cut before a character of several bytes.
void line(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) {
    return;
  }
  if (value.size() > kValueBytes) {
    std::size_t end = kValueBytes;
    while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0U) == 0x80U) {
      --end;
    }
    value = value.substr(0, end);
  }
  out.append(key).append(" ");
  for (const char c : value) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  out += '\n';
}

void number_line(std::string& out, std::string_view key, std::int64_t value) {
  if (value != 0) {
    line(out, key, std::to_string(value));
  }
}

template <class Values>
std::size_t bounded(const Values& values) {
  return std::min(values.size(), kMostValues);
}

void list_lines(std::string& out, std::string_view key, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < bounded(values); ++i) {
    line(out, key, values[i]);
  }
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

bool set_number(std::int64_t& to, std::string_view text) {
  const std::optional<std::int64_t> value = number(text);
  to = value.value_or(0);
  return value.has_value();
}

// "NAME REST"
std::pair<std::string_view, std::string_view> two_words(std::string_view text) {
  const std::size_t space = text.find(' ');
  return space == text.npos ? std::pair(text, std::string_view())
                            : std::pair(text.substr(0, space), text.substr(space + 1));
}

bool add_to(std::vector<std::string>& list, std::string_view value) {
  list.emplace_back(value);
  return list.size() <= kMostValues;
}

bool read_step(StartReport& report, std::string_view value) {
  const auto [name, ns] = two_words(value);
  const std::optional<StartStep> step = start_step(name);
  return step && set_number(report.step_ns[static_cast<std::size_t>(*step)], ns);
}

bool read_cache(StartReport& report, std::string_view value) {
  const auto [cached, backend] = two_words(value);
  if (backend.empty() || (cached != "hit" && cached != "miss")) {
    return false;
  }
  report.caches.emplace_back(backend, cached == "hit");
  return report.caches.size() <= kMostValues;
}

bool read_result(StartReport& report, std::string_view value) {
  const std::optional<StartResult> result = start_result(value);
  report.result = result.value_or(StartResult::kFailed);
  return result.has_value();
}

struct TextKey {
  std::string_view key;
  std::string StartReport::*value;
};
constexpr TextKey kTexts[] = {
    {"reason", &StartReport::reason}, {"rule", &StartReport::rule},
    {"id", &StartReport::container},  {"root", &StartReport::runtime_root},
    {"name", &StartReport::name},     {"engine", &StartReport::engine},
    {"pod", &StartReport::pod},       {"namespace", &StartReport::pod_namespace},
};
struct ListKey {
  std::string_view key;
  std::vector<std::string> StartReport::*values;
};
constexpr ListKey kLists[] = {
    {"passed-by", &StartReport::passed_by},
    {"device", &StartReport::devices},
    {"vendor", &StartReport::vendors},
};

bool read_line(StartReport& report, std::string_view key, std::string_view value) {
  for (const TextKey& text : kTexts) {
    if (key == text.key) {
      report.*text.value = value;
      return true;
    }
  }
  for (const ListKey& list : kLists) {
    if (key == list.key) {
      return add_to(report.*list.values, value);
    }
  }
  return key == "time"     ? set_number(report.time_ns, value)
         : key == "total"  ? set_number(report.total_ns, value)
         : key == "result" ? read_result(report, value)
         : key == "step"   ? read_step(report, value)
         : key == "cache"  ? read_cache(report, value)
                           : false;
}

bool is_plain(std::string_view value) {
  return !value.empty() && value.size() <= kValueBytes &&
         std::none_of(value.begin(), value.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

const char* to_string(StartStep step) {
  return kStepNames[static_cast<std::size_t>(step)];
}

std::optional<StartStep> start_step(std::string_view name) {
  return named<StartStep>(kStepNames, name);
}

const char* to_string(StartResult result) {
  return kResultNames[static_cast<std::size_t>(result)];
}

std::optional<StartResult> start_result(std::string_view name) {
  return named<StartResult>(kResultNames, name);
}

std::string report_text(const StartReport& report) {
  std::string out(kFirstLine);
  out.reserve(1024);
  number_line(out, "time", report.time_ns);
  number_line(out, "total", report.total_ns);
  line(out, "result", to_string(report.result));
  for (std::size_t i = 0; i < kStartSteps; ++i) {
    if (report.step_ns[i] > 0) {
      line(out, "step", cat(kStepNames[i], " ", report.step_ns[i]));
    }
  }
  for (const TextKey& text : kTexts) {
    line(out, text.key, report.*text.value);
  }
  for (std::size_t i = 0; i < bounded(report.caches); ++i) {
    line(out, "cache", cat(report.caches[i].second ? "hit " : "miss ", report.caches[i].first));
  }
  for (const ListKey& list : kLists) {
    list_lines(out, list.key, report.*list.values);
  }
  return out;
}

std::optional<StartReport> parse_report(std::string_view text) {
  if (text.size() > kReportBytes || !text.starts_with(kFirstLine) || text.back() != '\n') {
    return std::nullopt;
  }
  text.remove_prefix(kFirstLine.size());
  StartReport report;
  bool result = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto [key, value] = two_words(text.substr(0, end));
    if (!is_plain(value) || !read_line(report, key, value)) {
      return std::nullopt;
    }
    result = result || key == "result";
    text.remove_prefix(end + 1);
  }
  return result ? std::optional(report) : std::nullopt;
}

bool reports_wanted(const std::string& state_dir) noexcept {
  sockaddr_un address;
  return report_address(state_dir, address) && ::access(address.sun_path, F_OK) == 0;
}

void send_report(const std::string& state_dir, const StartReport& report) noexcept {
  try {
    sockaddr_un address;
    if (!report_address(state_dir, address) || ::access(address.sun_path, W_OK) != 0) {
      return;
    }
    const Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return;
    }
    std::string text = report_text(report);
    if (text.size() <= kReportBytes) {
      ::send(socket.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  } catch (const std::exception&) {
    // Nobody hears of this start.
  }
}

void StartClock::ended(StartStep step) {
  const std::int64_t now = monotonic_ns();
  step_ns_[static_cast<std::size_t>(step)] += now - last_;
  last_ = now;
}

void StartClock::write_to(StartReport& report) const {
  report.step_ns = step_ns_;
  report.total_ns = monotonic_ns() - begin_;
  report.time_ns = wall_clock_ns();
}

}  // namespace xpu
