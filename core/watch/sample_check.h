// SPDX-License-Identifier: Apache-2.0
// The limits of xpu/metrics.h on one sample as a whole: kept by the process that takes it, so that
// the backend learns of them, and by the one that reads it, which believes nothing.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/watch/message.h"

namespace xpu::watch {

inline constexpr std::size_t kLabels = 64;       // of one key and device
inline constexpr std::size_t kProcesses = 4096;  // in one sample

class SampleCheck {
 public:
  enum class Result { kTaken, kInvalid, kLimit };

  // Remembers a value that is fine; `why` gets what is wrong with another.
  Result add(const Value& value, std::string* why);
  Result add(const ProcessValue& value, std::string* why);

 private:
  using Place = std::pair<std::string, int>;  // device and process, 0 for the device itself
  Result add(const Place& place, const std::string& key, const std::string& label,
             std::string* why);

  std::set<std::string> devices_;
  std::set<int> processes_;
  std::map<std::pair<Place, std::string>, std::set<std::string>> labels_;
};

}  // namespace xpu::watch
