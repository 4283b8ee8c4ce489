// SPDX-License-Identifier: Apache-2.0
#include "backends/apple/describe.h"
#include "backends/apple/describe_mac.h"

namespace xpu::apple {

void describe_host(sdk::Sink& sink) {
  describe_mac(sink, load_frameworks());
}

}  // namespace xpu::apple
