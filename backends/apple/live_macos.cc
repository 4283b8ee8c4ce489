// SPDX-License-Identifier: Apache-2.0
#include "backends/apple/live_mac.h"

namespace xpu::apple {

std::unique_ptr<Live> make_live() {
  return std::make_unique<MacLive>(&load_frameworks);
}

}  // namespace xpu::apple
