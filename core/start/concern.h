// SPDX-License-Identifier: Apache-2.0
// Which backends a container can be about, from two texts alone: its config.json and a manifest.
#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace xpu {

// The variables that a config.json seems to set. Parses nothing: says too much rather than too
// little.
class Concern {
 public:
  // Borrows `config`.
  explicit Concern(std::string_view config);

  // Whether the manifest can name one of the variables, or the container asks for any backend.
  bool with(std::string_view manifest) const;

 private:
  bool sets(std::string_view word) const;

  bool everybody_ = false;
  std::vector<std::string_view> names_;  // sorted
  std::array<bool, 64> lengths_ = {};    // of the names; the last stands for all that are longer
};

}  // namespace xpu
