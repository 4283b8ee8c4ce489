// SPDX-License-Identifier: Apache-2.0
// The Apple backend: the GPU of an Apple host, as macOS or a Linux on it shows it.
#include "backends/apple/describe.h"

namespace xpu::apple {
namespace {

class Apple : public sdk::Backend {
 public:
  void describe(sdk::Sink& sink) override { describe_host(sink); }
};

}  // namespace
}  // namespace xpu::apple

XPU_BACKEND(xpu::apple::Apple, "apple", XPU_VERSION)
