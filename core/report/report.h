// SPDX-License-Identifier: Apache-2.0
// What the shim tells xpud of each start that asked for devices. Nothing depends on it: without
// xpud there is no socket and nothing is sent, and what xpud does not take at once is not said.
//
// <state-dir>/xpud.socket is a packet socket (SOCK_SEQPACKET): one connection, one packet, one
// report. Packets of a burst wait in the socket's backlog, which no setting of the kernel keeps as
// short as the queue of a datagram socket.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xpu {

// The steps of a start. Names never change: metrics have them as labels.
enum class StartStep {
  kConfiguration,  // "configuration": configuration, manifests and config.json are read
  kCatalogs,       // "catalogs": what the backends describe, and prices
  kSelection,      // "selection": devices are chosen and leased
  kWaiting,        // "waiting": for devices that others held; only where there was any
  kPlan,           // "plan": what that means for this container
  kWrite,          // "write": record, generated files, config.json
};
inline constexpr std::size_t kStartSteps = 6;
const char* to_string(StartStep step);
std::optional<StartStep> start_step(std::string_view name);

// Names never change.
enum class StartResult {
  kStarted,         // "started": with devices
  kWithoutDevices,  // "without-devices": goes on without what it asked for
  kDenied,          // "denied": by policy
  kBusy,            // "busy": others hold the devices
  kFailed,          // "failed"
};
inline constexpr std::size_t kStartResults = 5;
const char* to_string(StartResult result);
std::optional<StartResult> start_result(std::string_view name);

struct StartReport {
  std::int64_t time_ns = 0;  // when it was over, since 1970
  StartResult result = StartResult::kFailed;
  std::string reason;                   // one line; "" where all is as it should be
  std::string rule;                     // with kDenied: key of [policy]
  std::vector<std::string> passed_by;   // rules that kept something from it without an end of it
  std::string container, runtime_root;  // the id, and where
  std::string name, engine, pod, pod_namespace;        // as Origin; "" unknown
  std::vector<std::string> devices, vendors;           // ids of what it holds; vendors once each
  std::vector<std::pair<std::string, bool>> caches;    // of each backend in question: was it cached
  std::array<std::int64_t, kStartSteps> step_ns = {};  // 0: was not come to
  std::int64_t total_ns = 0;
  bool operator==(const StartReport&) const = default;
};

inline constexpr std::size_t kReportBytes = 16384;

// "xpu-start 1", and a line "KEY VALUE" for each value that there is. Values are cut to 512 bytes,
// lists to 64 values; control characters become spaces.
std::string report_text(const StartReport& report);
// nullopt for what is no report of this version.
std::optional<StartReport> parse_report(std::string_view text);

// Whether somebody listens, for a caller that would have to find out more first.
bool reports_wanted(const std::string& state_dir) noexcept;
// Never waits, never throws.
void send_report(const std::string& state_dir, const StartReport& report) noexcept;

// Measures the steps of one start.
class StartClock {
 public:
  // The first step begins, by monotonic_ns().
  explicit StartClock(std::int64_t begin_ns) : begin_(begin_ns), last_(begin_ns) {}
  // What went by since the end of the step before was this one, which may come again.
  void ended(StartStep step);
  void write_to(StartReport& report) const;

 private:
  std::int64_t begin_, last_;
  std::array<std::int64_t, kStartSteps> step_ns_ = {};
};

// What is found out on the way about a start that may be told of.
struct StartTrace {
  explicit StartTrace(std::int64_t begin_ns) : clock(begin_ns) {}
  StartClock clock;
  StartReport report;
  bool told = false;  // the container asked for something
};

}  // namespace xpu
