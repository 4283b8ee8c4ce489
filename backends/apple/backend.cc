// SPDX-License-Identifier: Apache-2.0
// The Apple backend: the GPU of an Apple host, as macOS or a Linux on it shows it.
#include "backends/apple/describe.h"
#include "backends/apple/live.h"

namespace xpu::apple {
namespace {

class Apple : public sdk::LiveBackend {
 public:
  void describe(sdk::Sink& sink) override { describe_host(sink); }

  bool samples() const override { return live_->samples(); }
  void start_watching(sdk::Events& events) override { live_->start_watching(events); }
  int descriptor() const override { return live_->descriptor(); }
  std::uint32_t dispatch(sdk::Events& events) override { return live_->dispatch(events); }
  void stop_watching() override { live_->stop_watching(); }
  void start_sampling(sdk::Samples& samples) override { live_->start_sampling(samples); }
  void sample(sdk::Samples& samples) override { live_->sample(samples); }

 private:
  std::unique_ptr<Live> live_ = make_live();
};

}  // namespace
}  // namespace xpu::apple

XPU_BACKEND(xpu::apple::Apple, "apple", XPU_VERSION)
