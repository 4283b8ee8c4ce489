// SPDX-License-Identifier: Apache-2.0
// Any bytes as config.json: an error, or an edit that is JSON again, can be taken out byte for
// byte, and has nothing left to do on its own result.
#include <boost/json.hpp>

#include "core/base/error.h"
#include "core/spec/apply.h"
#include "tests/fuzz/check.h"

namespace {

xpu::Plan plan() {
  xpu::Plan out;
  out.devices.push_back({{"/dev/acme0", "/dev/acme0", 'c', 10, 237}, ""});
  out.device_rules.push_back({"/dev/acme1", "/dev/acme1", 'b', 240, 1});
  out.mounts.push_back({"/h", "/usr/lib/a", "bind", {"bind", "ro"}, ""});
  out.env.push_back({"A", "\"1\"\n", ""});
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    xpu::Spec spec(text, "input");
    spec.load();
    const std::vector<xpu::json::Splice> edit = xpu::splices(spec, plan());
    const std::string after = xpu::json::apply(text, edit);
    xpu::check(xpu::json::apply(after, xpu::json::inverse(text, edit)) == text, "undo");

    boost::json::parse_options options;
    options.max_depth = 1100;
    boost::json::error_code error;
    boost::json::parse(after, error, {}, options);
    xpu::check(!error, "the result is JSON");

    // What was accepted once is accepted with our edit in it.
    try {
      xpu::Spec again(after, "result");
      again.load();
      xpu::check(xpu::json::apply(after, xpu::splices(again, plan())) == after, "fixed point");
    } catch (const xpu::Error& refusal) {
      xpu::check(false, refusal.what());
    }
  } catch (const xpu::Error& refusal) {
    xpu::check(std::string_view(refusal.what()).starts_with("input: "), "errors name the source");
  }
  return 0;
}
