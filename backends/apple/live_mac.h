// SPDX-License-Identifier: Apache-2.0
// A Mac's GPUs while time goes by: IOKit's notifications and what their drivers count.
#pragma once

#include <map>
#include <string>

#include "backends/apple/frameworks.h"
#include "backends/apple/live.h"

namespace xpu::apple {

class MacLive : public Live {
 public:
  // Loads the frameworks when it is started: `load` may throw.
  explicit MacLive(Frameworks (*load)()) : load_(load) {}
  ~MacLive() override { stop_watching(); }

  void start_watching(sdk::Events& events) override;
  // A notification port is no descriptor: dispatch() looks at it once in a second.
  int descriptor() const override { return -1; }
  std::uint32_t dispatch(sdk::Events& events) override;
  void stop_watching() override;
  bool samples() const override { return true; }
  void start_sampling(sdk::Samples& samples) override;
  void sample(sdk::Samples& samples) override;

 private:
  void find();
  void watch(const char* type, void (*callback)(void*, std::uint32_t), std::uint32_t& iterator);
  // Takes what is there, which is also what makes the next one come; how many there were.
  unsigned drain(std::uint32_t iterator) const;
  static void on_matched(void* self, std::uint32_t iterator);
  static void on_terminated(void* self, std::uint32_t iterator);

  Frameworks (*load_)();
  Frameworks frameworks_;
  bool loaded_ = false;
  void* port_ = nullptr;
  std::uint32_t matched_ = 0, terminated_ = 0;  // iterators
  unsigned came_ = 0, went_ = 0;                // since the last dispatch()
  std::map<std::uint64_t, std::string> names_;  // "apple:0" by registry id
};

}  // namespace xpu::apple
