// SPDX-License-Identifier: Apache-2.0
// Any bytes as a CDI file, once as JSON and once as YAML: an error, or a specification that is
// written in both languages and read as itself.
#include "core/base/error.h"
#include "core/cdi/spec.h"
#include "tests/fuzz/check.h"

namespace {

void try_as(std::string_view text, const char* source) {
  xpu::cdi::Spec spec;
  try {
    spec = xpu::cdi::parse(text, source);
  } catch (const xpu::Error&) {
    return;
  }
  for (const auto& [format, name] : {std::pair(xpu::cdi::Format::kJson, "written.json"),
                                     std::pair(xpu::cdi::Format::kYaml, "written.yaml")}) {
    try {
      xpu::check(xpu::cdi::parse(xpu::cdi::write(spec, format), name) == spec, "round trip");
    } catch (const xpu::Error&) {
      xpu::check(false, "what is written is read");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_as(text, "input.json");
  try_as(text, "input.yaml");
  return 0;
}
