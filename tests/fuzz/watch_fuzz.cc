// SPDX-License-Identifier: Apache-2.0
// Any bytes as a line of a watching host: an error, or a message that is written and read as
// itself.
#include <optional>

#include "core/base/error.h"
#include "core/watch/message.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<xpu::watch::Message> message;
  try {
    message = xpu::watch::parse_message({reinterpret_cast<const char*>(data), size});
  } catch (const xpu::Error&) {
    return 0;
  }
  xpu::check(xpu::watch::parse_message(xpu::watch::to_line(*message)) == *message, "round trip");
  return 0;
}
