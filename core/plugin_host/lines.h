// SPDX-License-Identifier: Apache-2.0
// What a backend prints and logs, as lines of ours.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/log/log.h"

namespace xpu {

using LogLine = std::function<void(log::Level, const std::string&)>;

// Cut into log lines of bounded length and number.
class Lines {
 public:
  // `stream`: for the lines; NULL for those of the backend's log(): a digit (XPU_LOG_*) and text.
  Lines(const std::string& backend, const char* stream, const LogLine& log)
      : backend_(backend), stream_(stream), log_(log) {}

  void add(std::string_view bytes);
  void flush();
  // As many lines again.
  void allow_more() { count_ = ours_ = 0; }

 private:
  void say(std::string text);

  const std::string& backend_;
  const char* stream_;
  const LogLine& log_;
  std::string rest_;
  std::size_t count_ = 0, ours_ = 0;
};

}  // namespace xpu
