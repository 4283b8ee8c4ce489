// SPDX-License-Identifier: Apache-2.0
// What `xpu-backend-host --watch` says while it lives: one JSON object a line.
//
//   {"ready":{"hotplug":true,"metrics":true}}     once both have started
//   {"absent":"REASON"}                           nothing to watch; it ends
//   {"event":{"kind":"health","device":"GPU-1","health":"failed","reason":"...","time_ns":N}}
//   {"sample":{"time_ns":N,"took_ns":N,"boot_seconds":N,
//              "values":[["acme:0","memory-used","",1024],...],
//              "processes":[["acme:0",4711,"memory","",512],...]}}
//   {"failed":"REASON"}                           one sample() failed; it goes on
//   {"alive":true}                                every 10 s at least, where nothing else is said
//
// Log lines are on stderr, as "LEVEL: TEXT". The process runs a backend's code, so nothing that it
// says is believed before parse_message() has looked at it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace xpu::watch {

enum class EventKind { kAdded, kRemoved, kChanged, kHealth, kLost };
const char* to_string(EventKind kind);  // "added", "removed", "changed", "health", "lost"

enum class Health { kOk, kDegraded, kFailed };
const char* to_string(Health health);  // as the property "health"

// As xpu_event says it.
struct Event {
  EventKind kind = EventKind::kChanged;
  std::string device;           // as the backend calls it; "" for none
  Health health = Health::kOk;  // with kHealth
  std::string reason;
  std::int64_t time_ns = 0;  // since 1970
  bool operator==(const Event&) const = default;
};

struct Value {
  std::string device, key, label;
  double value = 0;
  bool operator==(const Value&) const = default;
};

struct ProcessValue {
  std::string device;
  int pid = 0;
  std::string key, label;
  double value = 0;
  bool operator==(const ProcessValue&) const = default;
};

struct Sample {
  std::int64_t time_ns = 0;  // when it was begun, since 1970
  std::int64_t took_ns = 0;
  std::int64_t boot_seconds = 0;  // the same moment, for core/choose/load.h
  std::vector<Value> values;
  std::vector<ProcessValue> processes;
  bool operator==(const Sample&) const = default;
};

struct Ready {
  bool hotplug = false, metrics = false;
  bool operator==(const Ready&) const = default;
};
struct Absent {
  std::string reason;
  bool operator==(const Absent&) const = default;
};
struct Failed {
  std::string reason;
  bool operator==(const Failed&) const = default;
};
struct Alive {
  bool operator==(const Alive&) const = default;
};

using Message = std::variant<Ready, Absent, Event, Sample, Failed, Alive>;

// A line without its end.
std::string to_line(const Message& message);
// Throws Error for what is no message: unknown members, keys and labels that are not those of
// xpu/metrics.h, values that are not finite, more than the limits there allow.
Message parse_message(std::string_view line);
inline constexpr std::size_t kLineBytes = 4 << 20;  // the longest line

// The keys of xpu/metrics.h.
struct MetricKey {
  std::string_view key;
  bool labelled = false;  // whether it has a label at all
  bool counter = false;
  bool ratio = false;  // 0 to 1
};
const std::vector<MetricKey>& device_keys();
const std::vector<MetricKey>& process_keys();
// What is wrong with one value of a device or process; "" for nothing.
std::string problem_of(const std::vector<MetricKey>& keys, std::string_view key,
                       std::string_view label, double value);

}  // namespace xpu::watch
