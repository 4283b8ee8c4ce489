// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime select`: what a request would get now, and why.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"

namespace xpu {

struct SelectRequest {
  // Attributes ("count=2"), elements of XPU_VISIBLE_DEVICES ("acme:0"), or variables of a container
  // ("XPU_STRATEGY=cost"). Where none of them asks for devices, one device.
  std::vector<std::string> words;
  std::string cpus;  // the list of those that the container may run on; "" for any
  bool privileged = false;
};

struct SelectAnswer {
  std::string text;   // for people, or JSON
  std::string error;  // why nothing would be given; "" otherwise
};

// Throws Error for a request that cannot be understood.
SelectAnswer select_answer(const Config& config, const SelectRequest& request, bool json);

}  // namespace xpu
