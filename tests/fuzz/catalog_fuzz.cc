// SPDX-License-Identifier: Apache-2.0
// Any bytes as the description of a backend: an error, or a catalog that is written and read as
// itself. What passes validation never stops passing it on the way.
#include "core/base/error.h"
#include "core/catalog/catalog.h"
#include "tests/fuzz/check.h"

namespace {

bool valid(const xpu::Catalog& catalog) {
  try {
    xpu::validate(catalog);
    return true;
  } catch (const xpu::Error&) {
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  xpu::Catalog catalog;
  try {
    catalog = xpu::catalog_from_json({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const xpu::Error&) {
    return 0;
  }
  const bool was_valid = valid(catalog);
  const std::string text = xpu::to_json(catalog);
  try {
    const xpu::Catalog again = xpu::catalog_from_json(text, "result");
    xpu::check(!was_valid || xpu::to_json(again) == text, "round trip");
    xpu::check(!was_valid || valid(again), "still valid");
  } catch (const xpu::Error&) {
    xpu::check(!was_valid, "what is valid is read again");
  }
  return 0;
}
