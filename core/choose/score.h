// SPDX-License-Identifier: Apache-2.0
// What a device is worth under a strategy: numbers of which the lower is better and the earlier
// decides.
//
//   strategy      `first`, before links
//   performance   P?, -P, -M, holders, load
//   cost          C?, C, holders, load
//   balanced      either unknown, -P/C, P?, -P, -M, holders, load
//   packed        -holders
//   spread        holders, load
//   numa-local    not local
//   first         place in the list
//
//   P      performance in thousandths of TFLOPS; P? is 1 where it is unknown, else 0
//   C      price in millionths per hour; C? is 1 where it is unknown, else 0
//   P/C    thousandths of TFLOPS for one unit of the currency per hour
//   M      memory in steps of 256 MiB
//   load   utilisation in quarters, 0 to 3: a few percent are no reason to part linked devices
//
// With ChoiceWanted::numa_local `not local` stands in front of it, whatever the strategy.
//
// `last`, after links: holders, utilisation in percent, -free memory in MiB, 1 for a vendor other
// than the preferred one. What remains equal goes by place in the list.
//
// A device without a sample counts as half used, with no memory free.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/choose/choose.h"

namespace xpu {

struct Score {
  std::array<std::int64_t, 8> first{};
  std::array<std::int64_t, 4> last{};
};

Score score_of(const Candidate& candidate, std::size_t place, const ChoiceWanted& wanted);

// What the strategy looks at, for people: "312 TFLOPS", "1.29 per hour", "241.86 TFLOPS for a price
// of 1 per hour", "price unknown", "2 holders", "local". "" for `first`.
std::string score_text(const Candidate& candidate, Strategy strategy);

}  // namespace xpu
