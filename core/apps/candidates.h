// SPDX-License-Identifier: Apache-2.0
// The devices that a request could be given, and how each was judged.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "core/select/candidates.h"
#include "core/start/start.h"

namespace xpu {

struct Candidates {
  const Decision& decision;
  const Config& config;
  std::vector<Considered> considered;
  std::vector<std::string> chosen;  // ids

  bool is_chosen(const Device& device) const;
};

// Before choose_devices(), which does not change how they are judged. Borrows both.
Candidates candidates_of(const Decision& decision, const Config& config);
void mark_chosen(const Decision& decision, Candidates& candidates);

std::string candidates_text(const Candidates& candidates);
boost::json::array candidates_json(const Candidates& candidates);

}  // namespace xpu
