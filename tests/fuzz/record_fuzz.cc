// SPDX-License-Identifier: Apache-2.0
// Any bytes as a container record: an error, or a record that is written and read as itself.
#include "core/base/error.h"
#include "core/record/format.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<xpu::Record> record;
  try {
    record = xpu::record_from_json({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const xpu::Error&) {
    return 0;
  }
  if (record) {
    const std::string text = xpu::record_to_json(*record);
    const std::optional<xpu::Record> again = xpu::record_from_json(text, "result");
    xpu::check(again && xpu::record_to_json(*again) == text, "round trip");
  }
  return 0;
}
