// SPDX-License-Identifier: Apache-2.0
// The process that a backend's code runs in.
#pragma once

#include <cstdint>

#include "core/plugin/manifest.h"

namespace xpu {

struct HostLimits {
  unsigned deadline_s = 60;
  std::uint64_t memory_bytes = 4ULL << 30;
  // Offers the backend nothing but a version of the ABI that it cannot know, and goes no further
  // than its answer.
  bool as_stranger = false;
  // Runs the extensions in place of describe(), for a moment; the catalog is absent and names those
  // that are offered as its property kExtensionsKey.
  bool as_watcher = false;
};

inline constexpr const char* kExtensionsKey = "extensions";

// What the child is at, in memory that it shares with its parent.
enum class Phase : int { kLoad, kEntry, kOpen, kDescribe, kWatch, kClose, kAnswer };
const char* to_string(Phase phase);  // "while loading", "in describe()", ...

struct ChildEnds {
  int answer = -1;  // the description, as JSON
  int out = -1, err = -1, log = -1;
  volatile Phase* phase = nullptr;
};

// Limits this process, loads the library, lets it describe the host and writes the answer. Does not
// return.
[[noreturn]] void run_child(const Manifest& manifest, const HostLimits& limits,
                            const ChildEnds& ends);

}  // namespace xpu
