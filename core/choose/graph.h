// SPDX-License-Identifier: Apache-2.0
// Links as rows: of each device those to others, for searches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/choose/choose.h"

namespace xpu {

class Graph {
 public:
  struct Edge {
    std::uint32_t to = 0, weight = 0;
    bool direct = false;
  };

  // Of all candidates.
  explicit Graph(const Links& links);
  // Of `members` alone, which are counted by their places in that list from then on.
  Graph(const Graph& whole, std::span<const std::size_t> members);

  std::size_t size() const { return starts_.size() - 1; }
  bool empty() const { return edges_.empty(); }
  // By `to`, each once.
  std::span<const Edge> links(std::size_t of) const {
    return {edges_.data() + starts_[of], edges_.data() + starts_[of + 1]};
  }
  std::uint32_t weight(std::size_t a, std::size_t b) const;

 private:
  // Brings each row in order and joins links to the same device.
  void tidy();

  std::vector<std::uint32_t> starts_;  // of the rows in edges_, and the end
  std::vector<Edge> edges_;
};

// The sum of the weights between each two of `set`, which is ascending.
std::uint64_t links_within(const Graph& graph, std::span<const std::size_t> set);

// The members that are left when those with fewer than `least` direct links to others that are left
// are taken away: all that a set of `least` + 1 with direct links can consist of. Ascending.
std::vector<std::size_t> core_of(const Graph& graph, std::size_t least);

}  // namespace xpu
