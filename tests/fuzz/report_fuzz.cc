// SPDX-License-Identifier: Apache-2.0
// Any bytes as a report of a start: what is one is written and read as itself, and counted within
// the bounds.
#include "core/report/counters.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<xpu::StartReport> report = xpu::parse_report(text);
  if (!report) {
    return 0;
  }
  const std::string again = xpu::report_text(*report);
  xpu::check(again.size() <= text.size() + xpu::kReportBytes, "it does not grow without end");
  xpu::check(again.size() > xpu::kReportBytes || xpu::parse_report(again) == report,
             "what is written comes back");
  static xpu::RuntimeCounters counters;
  counters.add(*report);
  xpu::check(counters.starts.size() <= xpu::RuntimeCounters::kMost + xpu::kStartResults &&
                 counters.caches.size() <= xpu::RuntimeCounters::kMost + 1 &&
                 counters.denials.size() <= xpu::RuntimeCounters::kMost + 2,
             "counters are bounded");
  return 0;
}
