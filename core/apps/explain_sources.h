// SPDX-License-Identifier: Apache-2.0
// Everything that a container says, from wherever, and which of it counts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/request/request.h"

namespace xpu {

struct SourceRow {
  RequestSource source = RequestSource::kNone;
  std::string says;     // "XPU_VISIBLE_DEVICES=acme:0"
  std::string verdict;  // "in force", or why it does not count; "" where the request has a mistake
  std::string rule;     // the key of [policy] that keeps it back; "" for none
  bool in_force = false;
};

// "annotations", "vendor's variable", ...: what a person calls the source.
const char* source_name(RequestSource source);

// In the order in which sources are asked; only those that say something. `request`: what came of
// it; null where it could not be understood.
std::vector<SourceRow> source_rows(const Said& said, const std::vector<FoundBackend>& found,
                                   const Config& config, const Request* request);

}  // namespace xpu
