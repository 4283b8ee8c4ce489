// SPDX-License-Identifier: Apache-2.0
// Which backends a container can be about, and whether it can ask for anything, from texts alone:
// its config.json and a manifest.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "core/plugin/manifest.h"

namespace xpu {

// The variables, annotations and mounts that a config.json seems to have. Parses nothing: says too
// much rather than too little.
class Concern {
 public:
  // Borrows both. `slurm`: Slurm gave devices to the step.
  Concern(std::string_view text, const Config& config, bool slurm);

  // Whether the manifest can name one of the variables or a folder of one of the mounts, or the
  // container asks for any backend.
  bool with(std::string_view manifest) const;
  // Whether the container can ask for anything, or seems to mean to. `found`: the backends that it
  // is concerned with.
  bool can_ask(const std::vector<FoundBackend>& found) const;

 private:
  void read_string(std::size_t quote, const Config& config);
  bool sets(std::string_view name) const;
  bool has_folder_of(std::string_view manifest) const;
  bool mounts_below(std::string_view folder) const;

  std::string_view text_;
  std::string_view kind_;  // of every device that is asked for by a bare name; "" for none
  bool everybody_ = false;
  bool well_known_ = false;              // a variable that some vendor's image sets
  bool mounts_null_ = false;             // something is /dev/null
  std::vector<std::string_view> names_;  // sorted
  std::array<bool, 64> lengths_ = {};    // of the names; the last stands for all that are longer
};

}  // namespace xpu
