// SPDX-License-Identifier: Apache-2.0
// xpu-runtime explain: what would be edited for a container, and why, changing nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/oci/check_bundle.h"
#include "core/start/start.h"

namespace xpu {

// Who is asked about, where that is more than a bundle.
struct ExplainSubject {
  // Name and value, for people and, with '-' for ' ' and in lower case, for JSON.
  std::vector<std::pair<std::string, std::string>> facts;
  // The container's own name, so that its own lease is not in its way.
  ContainerName name{"explain", "explain"};
};

struct ExplainAnswer {
  std::string text;     // for people or JSON
  std::string summary;  // its first lines, for people
  // The line that the container's start would fail with; "" when it would not. The text tells how
  // far it would come.
  std::string error;
  // What the start would make of config.json; nullopt where it would fail.
  std::optional<StartEdit> edit;
};

// Of a bundle: with all that would be edited. Throws Error when it cannot be read.
ExplainAnswer explain_bundle(const Config& config, const std::string& bundle,
                             const ExplainSubject& subject, bool json);

// Of a container of which nothing is known but what it says: devices, and no edits.
ExplainAnswer explain_said(const Config& config, Said said, const ExplainSubject& subject,
                           bool json);

}  // namespace xpu
