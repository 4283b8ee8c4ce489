// SPDX-License-Identifier: Apache-2.0
// What an image says it needs: an error, or a requirement that a device meets or does not, with a
// reason of bounded length.
#include "core/base/error.h"
#include "core/require/require.h"
#include "tests/fuzz/check.h"

namespace {

const xpu::Catalog& catalog() {
  static const xpu::Catalog made = [] {
    xpu::Catalog out;
    xpu::Device whole, part;
    whole.id = "acme:0";
    whole.architecture = "9.0";
    whole.driver = "535.129.03";
    part.id = "acme:0:1";
    part.parent = whole.id;
    part.memory_bytes = 1 << 30;
    part.properties = {{"brand", "Anvil"}, {"firmware", "6.8.0-41-generic"}};
    out.devices = {whole, part};
    out.properties = {{"tools", "12.2"}};
    return out;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const xpu::Requirement requirement = xpu::parse_requirement(text, "REQUIRE");
    for (const xpu::Device& device : catalog().devices) {
      const std::string missing = xpu::unmet(requirement, device, catalog());
      xpu::check(!requirement.empty() || missing.empty(), "who needs nothing is content");
      xpu::check(missing.size() < 4096, "a message is short");
    }
    for (const auto& clauses : requirement) {
      xpu::check(!clauses.empty(), "an alternative has a clause");
      for (const xpu::Clause& clause : clauses) {
        xpu::check(!clause.property.empty() && !clause.value.empty(), "a clause is whole");
      }
    }
  } catch (const xpu::Error& error) {
    xpu::check(std::string_view(error.what()).starts_with("REQUIRE: "), "an error says where");
  }
  return 0;
}
