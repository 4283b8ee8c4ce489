// SPDX-License-Identifier: Apache-2.0
#include "core/watch/sample_check.h"

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"

namespace xpu::watch {
namespace {

std::string problem_of_device(const std::string& device) {
  return device.empty() ? "device is \"\""
         : !grammar::is_text(device, limits::kText)
             ? cat("device is longer than ", limits::kText,
                   " bytes, not UTF-8 or has control characters")
             : "";
}

}  // namespace

SampleCheck::Result SampleCheck::add(const Value& value, std::string* why) {
  *why = problem_of_device(value.device);
  if (why->empty()) {
    *why = problem_of(device_keys(), value.key, value.label, value.value);
  }
  return why->empty() ? add({value.device, 0}, value.key, value.label, why) : Result::kInvalid;
}

SampleCheck::Result SampleCheck::add(const ProcessValue& value, std::string* why) {
  *why = problem_of_device(value.device);
  if (why->empty() && value.pid < 1) {
    *why = cat("the process ", value.pid, " cannot be");
  }
  if (why->empty()) {
    *why = problem_of(process_keys(), value.key, value.label, value.value);
  }
  if (!why->empty()) {
    return Result::kInvalid;
  }
  if (processes_.count(value.pid) == 0 && processes_.size() >= kProcesses) {
    *why = cat("more than ", kProcesses, " processes");
    return Result::kLimit;
  }
  const Result result = add({value.device, value.pid}, value.key, value.label, why);
  if (result == Result::kTaken) {
    processes_.insert(value.pid);
  }
  return result;
}

SampleCheck::Result SampleCheck::add(const Place& place, const std::string& key,
                                     const std::string& label, std::string* why) {
  if (devices_.count(place.first) == 0 && devices_.size() >= limits::kDevices) {
    *why = cat("more than ", limits::kDevices, " devices");
    return Result::kLimit;
  }
  std::set<std::string>& labels = labels_[{place, key}];
  if (labels.count(label) != 0) {
    *why = cat(key, label.empty() ? "" : cat(" \"", label, "\""), " of ", place.first,
               " was emitted before");
    return Result::kInvalid;
  }
  if (labels.size() >= kLabels) {
    *why = cat("more than ", kLabels, " labels of ", key, " and ", place.first);
    return Result::kLimit;
  }
  labels.insert(label);
  devices_.insert(place.first);
  return Result::kTaken;
}

}  // namespace xpu::watch
