// SPDX-License-Identifier: Apache-2.0
// CDI files that others wrote.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace xpu::test {

// None where there are no fixtures.
inline std::vector<std::string> cdi_fixtures() {
  const char* const set = std::getenv("XPU_FIXTURES");
  const std::filesystem::path folder =
      std::filesystem::path(set != nullptr ? set : XPU_SOURCE_DIR "/../shared/fixtures") / "cdi";
  std::vector<std::string> out;
  if (!std::filesystem::exists(folder / "good")) {
    return out;
  }
  for (const char* const sub : {"good", "embedded"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder / sub)) {
      const std::string path = entry.path();
      if (path.ends_with(".json") || path.ends_with(".yaml")) {
        out.push_back(path);
      }
    }
  }
  return out;
}

}  // namespace xpu::test
