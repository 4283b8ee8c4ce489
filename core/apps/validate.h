// SPDX-License-Identifier: Apache-2.0
// xpu-runtime validate: is this an OCI bundle that the low-level runtime will take, and what would
// a start do with it.
#pragma once

#include <string>

#include "core/config/config.h"

namespace xpu {

struct ValidateAnswer {
  std::string text;   // for people or JSON
  bool good = false;  // no error
};

// The rules are those of the low-level runtime in use, where it is one that is known. What keeps
// this runtime from starting the container is an error too.
ValidateAnswer validate_bundle(const Config& config, const std::string& bundle, bool json);

}  // namespace xpu
