// SPDX-License-Identifier: Apache-2.0
// What a plan changes in a specification, line by line.
#pragma once

#include <string>
#include <vector>

#include "core/oci/spec.h"
#include "core/start/start.h"

namespace xpu {

// What goes ('-'), comes ('+') or is written before the start ('~').
struct Change {
  char sign;
  std::string section;  // "linux.devices", "mounts", "rootfs", ...
  std::string text;
  std::string why;
};

std::vector<Change> changes_of(const Spec& spec, const Decision& decision);
// Where hooks are taken out and nothing is given.
std::vector<Change> changes_of(const std::vector<VendorHook>& hooks);

}  // namespace xpu
