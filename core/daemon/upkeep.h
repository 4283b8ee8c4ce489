// SPDX-License-Identifier: Apache-2.0
// What xpud does to the host, in its worker: it may block. Plain functions of plain values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/heal/heal.h"
#include "core/plugin/refresh.h"
#include "core/record/record.h"

namespace xpu {

struct Task {
  std::shared_ptr<const Config> config;
  // A look at backends: those, or with `everything` all that are installed.
  std::vector<std::string> backends;
  bool everything = false;
  Freshness freshness = Freshness::kCacheIfValid;
  // CDI files that an earlier `cdi refresh` wrote, and links to the nodes of `known`.
  bool publish = false;
  // Devices that containers lost come back.
  bool heal = false;
  std::vector<BackendStatus> known;  // what was found before
  std::vector<Record> live;          // containers
};

struct Outcome {
  std::vector<BackendStatus> statuses;  // of those that were looked at
  std::vector<std::string> changes;     // what was done, a line each
  std::vector<std::string> problems;    // what could not be
  std::vector<Healed> healed;
};

// Never throws Error.
Outcome perform(const Task& task) noexcept;

// Links of /dev/char and /dev/block for the nodes of these descriptions, as
// core/plan/number_links.h says why. One line for each that was made.
std::vector<std::string> make_missing_links(const std::vector<BackendStatus>& statuses,
                                            const std::string& dev,
                                            std::vector<std::string>* problems);

}  // namespace xpu
