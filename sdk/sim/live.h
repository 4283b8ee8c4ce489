// SPDX-License-Identifier: Apache-2.0
// The hardware file while it changes: events for what became different, and what it says that the
// devices measure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sdk/sim/file_watch.h"
#include "sdk/sim/hardware.h"
#include "xpu/live.hpp"

namespace xpu::sim {

inline constexpr std::size_t kMaxHardware = 4u << 20;

// nullopt where it is no regular file of at most that size.
std::optional<std::string> read_hardware(const std::string& file);

class Watched {
 public:
  explicit Watched(std::string file) : file_(std::move(file)) {}

  void begin(sdk::Events& events);
  int fd() const { return watch_.fd(); }
  std::uint32_t dispatch(sdk::Events& events);

 private:
  void look(sdk::Events& events);
  void compare(sdk::Events& events, const Hardware& now) const;

  std::string file_, text_;
  FileWatch watch_;
  Hardware hardware_;
  bool said_lost_ = false;
};

// Everything that the file of the option "hardware" says now.
void take_sample(sdk::Samples& samples);

}  // namespace xpu::sim
