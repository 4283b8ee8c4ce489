// SPDX-License-Identifier: Apache-2.0
// What says more about a request and is none by itself: sharing, affinity, wait, label.
#pragma once

#include <optional>
#include <string>

#include "core/request/describe.h"

namespace xpu {

// What is added later goes before what is there.
class Modifiers {
 public:
  void add(const Description& description);
  // Throws Error for what cannot be understood.
  void add(const Settings& settings);
  // Throws Denied.
  void check(const Policy& policy) const;
  void apply(Request& request) const;

 private:
  std::optional<bool> exclusive_;
  std::string sharing_source_;
  std::optional<bool> numa_local_;
  std::uint64_t wait_seconds_ = 0;
  std::string wait_source_;
  std::string label_;
};

}  // namespace xpu
