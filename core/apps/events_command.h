// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime events`: what happened on this host, and what happens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/events/events.h"

namespace xpu {

struct EventsWish {
  bool json = false, no_follow = false;
  std::string since;               // "" for all that is kept
  std::vector<std::string> kinds;  // names; empty: every kind
  std::string device;              // id or key; "" for every one
  std::string container;           // id, its beginning, name or pod; "" for every one
};

bool wanted(const HostEvent& event, const EventsWish& wish, std::int64_t since_unix);

// "" where xpud runs for this state folder, else what to say: nothing new is written.
std::string xpud_missing(const std::string& state_dir);

// Prints and, unless it is not to, follows until it is interrupted. Throws Error.
int show_events(const Config& config, const EventsWish& wish);

}  // namespace xpu
