// SPDX-License-Identifier: Apache-2.0
// Which members of a graph make the best set of a given size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/choose/graph.h"

namespace xpu {

struct SetWanted {
  const Graph& graph;  // of the members, in order of preference
  // Of each member, ascending: how well it scores. Equal ones differ in links only.
  std::span<const std::uint32_t> ranks;
  // Of each member: the sum of its links to devices that are in the set anyway.
  std::span<const std::uint64_t> base;
  std::size_t count = 1;                // at least 1, at most as many as there are members
  bool direct = false;                  // each two with a direct link
  std::vector<std::size_t> known = {};  // a set to improve on, ascending; {} for none
};

// The set whose ranks in order come first, of those with equal ranks the one with the greatest sum
// of links, of those the first in order. Exact unless `steps` reaches 0, which is lowered by what
// the search takes: then the best that was found so far. nullopt when none was.
std::optional<std::vector<std::size_t>> best_set(const SetWanted& wanted, std::size_t* steps);

// A set with a great sum of links, in a tenth of a millisecond: greedy ones, improved by exchanges.
// Ranks and `direct` do not count.
std::vector<std::size_t> good_set(const SetWanted& wanted);

}  // namespace xpu
