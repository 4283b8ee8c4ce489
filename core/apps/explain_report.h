// SPDX-License-Identifier: Apache-2.0
// What `explain` found out, and how it is shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/apps/candidates.h"
#include "core/apps/explain.h"
#include "core/apps/explain_diff.h"
#include "core/apps/explain_sources.h"

namespace xpu {

struct ExplainReport {
  const Config& config;
  const ExplainSubject& subject;
  std::vector<SourceRow> sources;
  std::optional<Request> request;        // without it the error tells why there is none
  std::optional<Decision> decision;      // of a request that asks
  std::optional<Candidates> candidates;  // of one that asks for devices
  const Spec* spec = nullptr;            // null: nothing is known but what the container says
  bool planned = false;                  // the plan in the decision counts
  std::vector<VendorHook> hooks;         // taken out without a plan
  std::string mode;                      // "spec (detected)"; "" where nothing asks
  std::string error;
};

std::string summary_of(const ExplainReport& report);
std::string text_of(const ExplainReport& report);
std::string json_of(const ExplainReport& report);

}  // namespace xpu
