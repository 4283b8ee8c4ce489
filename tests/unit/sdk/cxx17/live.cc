// SPDX-License-Identifier: Apache-2.0
// The same of a backend that watches and measures.
#include "xpu/live.hpp"

namespace {

class Live : public xpu::sdk::LiveBackend {
 public:
  void describe(xpu::sdk::Sink&) override { throw xpu::sdk::Absent("no device"); }
  void start_watching(xpu::sdk::Events&) override {}
  int descriptor() const override { return -1; }
  std::uint32_t dispatch(xpu::sdk::Events& events) override {
    events.health("acme:0", xpu::sdk::Health::kFailed, "the anvil cracked");
    return 1000;
  }
  void sample(xpu::sdk::Samples& samples) override {
    samples.value("acme:0", "memory-used", 1024);
    samples.process("acme:0", 1, "memory", "", 512);
  }
};

}  // namespace

XPU_BACKEND(Live, "live", "1")
