// SPDX-License-Identifier: Apache-2.0
#include "core/watch/message.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/watch/sample_check.h"

namespace xpu::watch {
namespace {

namespace json = boost::json;

constexpr const char* kKinds[] = {"added", "removed", "changed", "health", "lost"};
constexpr const char* kHealths[] = {"ok", "degraded", "failed"};
constexpr std::size_t kLabelBytes = 32;
// Above it not every whole number is a double.
constexpr double kWhole = 9007199254740992.0;

// ---- writing

// A whole number is written as one: it is shorter.
json::value number(double value) {
  if (std::trunc(value) == value && std::abs(value) < kWhole) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

json::value body(const Ready& ready) {
  return {{"hotplug", ready.hotplug}, {"metrics", ready.metrics}};
}
json::value body(const Absent& absent) {
  return json::value(absent.reason);
}
json::value body(const Failed& failed) {
  return json::value(failed.reason);
}
json::value body(const Alive&) {
  return true;
}

json::value body(const Event& event) {
  json::object out{{"kind", to_string(event.kind)}, {"device", event.device}};
  if (event.kind == EventKind::kHealth) {
    out["health"] = to_string(event.health);
  }
  out["reason"] = event.reason;
  out["time_ns"] = event.time_ns;
  return out;
}

json::value body(const Sample& sample) {
  json::array values, processes;
  for (const Value& one : sample.values) {
    values.push_back({one.device, one.key, one.label, number(one.value)});
  }
  for (const ProcessValue& one : sample.processes) {
    processes.push_back({one.device, one.pid, one.key, one.label, number(one.value)});
  }
  return {{"time_ns", sample.time_ns},
          {"took_ns", sample.took_ns},
          {"boot_seconds", sample.boot_seconds},
          {"values", std::move(values)},
          {"processes", std::move(processes)}};
}

constexpr const char* kNames[] = {"ready", "absent", "event", "sample", "failed", "alive"};

// ---- reading

// One object, whose members are taken one by one; what is left over is an error.
class Members {
 public:
  Members(const json::value& value, const char* what) : what_(what) {
    if (!value.is_object()) {
      fail("its ", what, " is no object");
    }
    object_ = &value.get_object();
  }

  const json::value& need(std::string_view key) {
    const json::value* value = object_->if_contains(key);
    if (value == nullptr) {
      fail("its ", what_, " has no \"", key, "\"");
    }
    ++taken_;
    return *value;
  }
  bool boolean(std::string_view key) {
    const json::value& value = need(key);
    if (!value.is_bool()) {
      fail("its ", what_, ".", key, " is not true or false");
    }
    return value.get_bool();
  }
  // Not negative.
  std::int64_t integer(std::string_view key) {
    const json::value& value = need(key);
    if (!value.is_int64() || value.get_int64() < 0) {
      fail("its ", what_, ".", key, " is no number of this kind");
    }
    return value.get_int64();
  }
  std::string text(std::string_view key, bool may_be_empty);
  const json::array& list(std::string_view key) {
    const json::value& value = need(key);
    if (!value.is_array()) {
      fail("its ", what_, ".", key, " is no list");
    }
    return value.get_array();
  }
  void finish() const {
    if (taken_ != object_->size()) {
      fail("its ", what_, " has members that are not known");
    }
  }

 private:
  const json::object* object_ = nullptr;
  const char* what_;
  std::size_t taken_ = 0;
};

std::string text_in(const json::value& value, std::string_view what, bool may_be_empty) {
  if (!value.is_string()) {
    fail("its ", what, " is no text");
  }
  std::string out(value.get_string());
  if (!grammar::is_text(out, limits::kText)) {
    fail("its ", what, " is longer than ", limits::kText,
         " bytes, not UTF-8 or has control characters");
  }
  if (out.empty() && !may_be_empty) {
    fail("its ", what, " is \"\"");
  }
  return out;
}

std::string Members::text(std::string_view key, bool may_be_empty) {
  return text_in(need(key), cat(what_, ".", key), may_be_empty);
}

template <class Enum, std::size_t size>
Enum choice(const std::string& text, const char* const (&known)[size], const char* what) {
  const auto* found = std::find(std::begin(known), std::end(known), text);
  if (found == std::end(known)) {
    fail("its ", what, " \"", text, "\" is not known");
  }
  return static_cast<Enum>(found - std::begin(known));
}

Event event_of(const json::value& value) {
  Members in(value, "event");
  Event out;
  out.kind = choice<EventKind>(in.text("kind", false), kKinds, "event.kind");
  out.device = in.text("device", out.kind != EventKind::kHealth);
  if (out.kind == EventKind::kHealth) {
    out.health = choice<Health>(in.text("health", false), kHealths, "event.health");
  }
  if (out.kind == EventKind::kLost && !out.device.empty()) {
    fail("its event says that messages are lost, and names a device");
  }
  out.reason = in.text("reason", false);
  out.time_ns = in.integer("time_ns");
  in.finish();
  return out;
}

double number_of(const json::value& value) {
  const double number = value.is_int64()    ? static_cast<double>(value.get_int64())
                        : value.is_uint64() ? static_cast<double>(value.get_uint64())
                        : value.is_double() ? value.get_double()
                                            : std::numeric_limits<double>::quiet_NaN();
  if (!std::isfinite(number)) {
    fail("a value of its sample is no number");
  }
  return number;
}

const json::array& row(const json::value& value, std::size_t size) {
  if (!value.is_array() || value.get_array().size() != size) {
    fail("a value of its sample has not ", size, " parts");
  }
  return value.get_array();
}

template <class One>
void add(SampleCheck& check, std::vector<One>& to, One one) {
  std::string why;
  if (check.add(one, &why) != SampleCheck::Result::kTaken) {
    fail("a value of its sample: ", why);
  }
  to.push_back(std::move(one));
}

Sample sample_of(const json::value& value) {
  Members in(value, "sample");
  Sample out;
  out.time_ns = in.integer("time_ns");
  out.took_ns = in.integer("took_ns");
  out.boot_seconds = in.integer("boot_seconds");
  SampleCheck check;
  for (const json::value& item : in.list("values")) {
    const json::array& part = row(item, 4);
    add(check, out.values,
        {text_in(part[0], "device", false), text_in(part[1], "key", false),
         text_in(part[2], "label", true), number_of(part[3])});
  }
  for (const json::value& item : in.list("processes")) {
    const json::array& part = row(item, 5);
    const std::int64_t pid = part[1].is_int64() ? part[1].get_int64() : 0;
    if (pid < 1 || pid > std::numeric_limits<int>::max()) {
      fail("a process of its sample has no number");
    }
    add(check, out.processes,
        {text_in(part[0], "device", false), static_cast<int>(pid), text_in(part[2], "key", false),
         text_in(part[3], "label", true), number_of(part[4])});
  }
  in.finish();
  return out;
}

Message message_of(const json::value& value) {
  if (!value.is_object() || value.get_object().size() != 1) {
    fail("it is no object with one member");
  }
  const auto& [key, inner] = *value.get_object().begin();
  const std::string_view name = key;
  if (name == "ready") {
    Members in(inner, "ready");
    const Ready out{in.boolean("hotplug"), in.boolean("metrics")};
    in.finish();
    return out;
  }
  if (name == "absent") {
    return Absent{text_in(inner, "absent", false)};
  }
  if (name == "failed") {
    return Failed{text_in(inner, "failed", false)};
  }
  if (name == "event") {
    return event_of(inner);
  }
  if (name == "sample") {
    return sample_of(inner);
  }
  if (name == "alive" && inner.is_bool() && inner.get_bool()) {
    return Alive{};
  }
  fail("its member is not known");
}

bool is_label(std::string_view label) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !label.empty() && label.size() <= kLabelBytes && plain(label.front()) &&
         std::all_of(label.begin(), label.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

const char* to_string(EventKind kind) {
  return kKinds[static_cast<int>(kind)];
}

const char* to_string(Health health) {
  return kHealths[static_cast<int>(health)];
}

std::string to_line(const Message& message) {
  json::object out;
  out[kNames[message.index()]] = std::visit([](const auto& one) { return body(one); }, message);
  return json::serialize(out);
}

Message parse_message(std::string_view line) {
  if (line.size() > kLineBytes) {
    fail("a line is longer than ", kLineBytes, " bytes");
  }
  boost::system::error_code error;
  const json::value value = json::parse(line, error);
  if (error) {
    fail("a line is not JSON: ", error.message());
  }
  try {
    return message_of(value);
  } catch (const Error& problem) {
    fail("a line is no message: ", problem.what());
  }
}

const std::vector<MetricKey>& device_keys() {
  static const std::vector<MetricKey> keys = {
      {"memory-total"},
      {"memory-used"},
      {.key = "utilisation", .labelled = true, .ratio = true},
      {.key = "temperature", .labelled = true},
      {"power"},
      {"power-limit"},
      {.key = "fan", .ratio = true},
      {.key = "clock", .labelled = true},
      {.key = "clock-limit", .labelled = true},
      {.key = "throttled", .labelled = true},
      {.key = "energy", .counter = true},
      {.key = "errors", .labelled = true, .counter = true},
      {.key = "link-received", .labelled = true, .counter = true},
      {.key = "link-transmitted", .labelled = true, .counter = true},
      {.key = "engine-time", .labelled = true, .counter = true},
  };
  return keys;
}

const std::vector<MetricKey>& process_keys() {
  static const std::vector<MetricKey> keys = {
      {"memory"},
      {.key = "utilisation", .labelled = true, .ratio = true},
      {.key = "engine-time", .labelled = true, .counter = true},
  };
  return keys;
}

std::string problem_of(const std::vector<MetricKey>& keys, std::string_view key,
                       std::string_view label, double value) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const MetricKey& known) { return known.key == key; });
  if (found == keys.end()) {
    return cat("the key \"", grammar::is_property(key) ? key : "?", "\" is not known");
  }
  if (!found->labelled && !label.empty()) {
    return cat(key, " has no label");
  }
  if (found->labelled && !is_label(label)) {
    return cat("the label of ", key, " is not [a-z0-9][a-z0-9._-]* of at most ", kLabelBytes,
               " bytes");
  }
  if (!std::isfinite(value)) {
    return cat("the value of ", key, " is not finite");
  }
  if (value < 0 && key != "temperature") {
    return cat("the value of ", key, " is negative");
  }
  if (found->ratio && value > 1) {
    return cat("the value of ", key, " is a ratio, and more than 1");
  }
  if (key == "throttled" && value != 0 && value != 1) {
    return cat("the value of ", key, " is neither 0 nor 1");
  }
  return "";
}

}  // namespace xpu::watch
