// SPDX-License-Identifier: Apache-2.0
// What watching and measuring is on a platform.
#pragma once

#include <cstdint>
#include <memory>

#include "xpu/live.hpp"

namespace xpu::apple {

class Live {
 public:
  Live() = default;
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  virtual ~Live() = default;

  // As those of sdk::LiveBackend.
  virtual void start_watching(sdk::Events& events) = 0;
  virtual int descriptor() const = 0;
  virtual std::uint32_t dispatch(sdk::Events& events) = 0;
  virtual void stop_watching() = 0;
  // Whether there is anything to measure on this platform.
  virtual bool samples() const = 0;
  virtual void start_sampling(sdk::Samples& samples) = 0;
  virtual void sample(sdk::Samples& samples) = 0;
};

std::unique_ptr<Live> make_live();

}  // namespace xpu::apple
