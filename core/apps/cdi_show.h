// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime cdi list` and `validate`: what the CDI files of this host say, and whether they can.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"

namespace xpu {

// Every device of the spec folders and its file; files that cannot be used, devices that two files
// take from each other, and those that a later folder hides.
std::string cdi_list(const Config& config, bool json);

struct CdiVerdict {
  std::string text;  // a line for each finding, beginning with the file
  bool good = true;  // no errors; there may be warnings
};

// Errors: what no reader of CDI takes, and what this runtime would not believe. Warnings: what is
// newer than it needs to be, and nodes and files that are not here.
CdiVerdict cdi_validate(const Config& config, const std::vector<std::string>& files);

}  // namespace xpu
