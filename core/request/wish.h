// SPDX-License-Identifier: Apache-2.0
// Devices that a container describes instead of naming them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"

namespace xpu {

// In the order of kStrategyNames.
enum class Strategy { kPerformance, kCost, kBalanced, kPacked, kSpread, kNumaLocal, kFirst };

inline std::string_view to_string(Strategy strategy) {
  return kStrategyNames[static_cast<int>(strategy)];
}

// One condition that every device has to meet.
struct Test {
  enum class Key { kMemory, kArchitecture, kVendor, kModel, kKind, kDriver, kNumaNode };
  enum class Op { kEqual, kNotEqual, kLess, kAtMost, kMore, kAtLeast };
  Key key = Key::kMemory;
  Op op = Op::kAtLeast;
  // Alternatives, of which one has to hold (with kNotEqual: none). Memory in bytes as decimal
  // digits; models are patterns with '*', in any case.
  std::vector<std::string> values;
  std::string source;  // as written, "XPU_MIN_VRAM=16GB", for messages
};

// How many of the devices that meet the tests.
struct Wish {
  unsigned least = 1;         // an error where there are fewer
  unsigned most = 1;          // 0: as many as there are
  bool direct_links = false;  // each two of them with a link of their own
  std::string source;         // as written, for messages
};

}  // namespace xpu
