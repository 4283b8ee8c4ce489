// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/record/record.h"

namespace xpu {

// The containers of now, for one who looks at them all the time: records are read when their folder
// changed, and in between it is only asked whether they live.
class Containers {
 public:
  // Those that live, the oldest first. Ends the accounts of those that do not, and forgets them.
  // Throws Error when the folder is there and cannot be read.
  const std::vector<Record>& live(const Config& config);

 private:
  std::string folder_;
  std::int64_t changed_ns_ = -1;  // of the folder; -1: not looked at
  std::int64_t read_at_ms_ = 0;
  std::vector<Record> records_;
};

}  // namespace xpu
