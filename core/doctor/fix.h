// SPDX-License-Identifier: Apache-2.0
// What `xpu-runtime doctor --fix` mends by itself: what is safe, and nothing else.
#pragma once

#include <string>
#include <vector>

#include "core/doctor/host.h"

namespace xpu::doctor {

struct Mended {
  std::vector<std::string> done;    // "made the link /dev/char/195:0 to /dev/acme0"
  std::vector<std::string> failed;  // the reasons
};

// The links in /dev/char and /dev/block that check dev-char-links misses.
Mended make_missing_links(const Host& host);

// Paths of the device nodes that the check device-nodes misses. Backends make nodes when they are
// asked anew.
std::vector<std::string> missing_nodes(const Host& host);

}  // namespace xpu::doctor
