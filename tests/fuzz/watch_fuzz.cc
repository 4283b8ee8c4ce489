// SPDX-License-Identifier: Apache-2.0
// Any bytes as a line of a watching host: an error, or a message that is written and read as
// itself.
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/watch/message.h"
#include "tests/fuzz/check.h"

namespace {

// Boost.JSON reads numbers of many digits to the last bit or two.
template <class Value>
void settle(const std::vector<Value>& from, std::vector<Value>& to) {
  xpu::check(from.size() == to.size(), "as many values");
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (std::abs(from[i].value - to[i].value) <= std::abs(from[i].value) * 1e-14) {
      to[i].value = from[i].value;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<xpu::watch::Message> message;
  try {
    message = xpu::watch::parse_message({reinterpret_cast<const char*>(data), size});
  } catch (const xpu::Error&) {
    return 0;
  }
  xpu::watch::Message again = xpu::watch::parse_message(xpu::watch::to_line(*message));
  const auto* said = std::get_if<xpu::watch::Sample>(&*message);
  if (auto* read = std::get_if<xpu::watch::Sample>(&again); said != nullptr && read != nullptr) {
    settle(said->values, read->values);
    settle(said->processes, read->processes);
  }
  xpu::check(again == *message, "round trip");
  return 0;
}
