// SPDX-License-Identifier: Apache-2.0
#include "core/choose/graph.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace xpu {
namespace {

bool by_end(const Graph::Edge& a, const Graph::Edge& b) {
  return a.to < b.to;
}

// Every link stands in two rows, so that turning rows into columns changes nothing but the order:
// columns are filled row after row.
std::vector<Graph::Edge> in_order(const std::vector<std::uint32_t>& starts,
                                  const std::vector<Graph::Edge>& edges) {
  std::vector<Graph::Edge> out(edges.size());
  std::vector<std::uint32_t> next = starts;
  for (std::uint32_t row = 0; row + 1 < starts.size(); ++row) {
    for (std::uint32_t i = starts[row]; i < starts[row + 1]; ++i) {
      out[next[edges[i].to]++] = {row, edges[i].weight, edges[i].direct};
    }
  }
  return out;
}

}  // namespace

Graph::Graph(const Links& links) : starts_(links.size() + 1), edges_(2 * links.all().size()) {
  for (const Links::Link& link : links.all()) {
    ++starts_[link.a + 1];
    ++starts_[link.b + 1];
  }
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  std::vector<std::uint32_t> next = starts_;
  for (const Links::Link& link : links.all()) {
    edges_[next[link.a]++] = {link.b, link.weight, link.direct};
    edges_[next[link.b]++] = {link.a, link.weight, link.direct};
  }
  tidy();
}

Graph::Graph(const Graph& whole, std::span<const std::size_t> members) {
  constexpr std::uint32_t kNone = ~0U;
  std::vector<std::uint32_t> place(whole.size(), kNone);
  for (std::size_t i = 0; i < members.size(); ++i) {
    place[members[i]] = static_cast<std::uint32_t>(i);
  }
  starts_.reserve(members.size() + 1);
  starts_.push_back(0);
  for (const std::size_t member : members) {
    for (const Edge& edge : whole.links(member)) {
      if (place[edge.to] != kNone) {
        edges_.push_back({place[edge.to], edge.weight, edge.direct});
      }
    }
    starts_.push_back(static_cast<std::uint32_t>(edges_.size()));
  }
  tidy();
}

void Graph::tidy() {
  bool sorted = true;
  for (std::size_t i = 0; i < size() && sorted; ++i) {
    sorted = std::is_sorted(links(i).begin(), links(i).end(), by_end);
  }
  if (!sorted) {
    edges_ = in_order(starts_, edges_);
  }
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const std::uint32_t begin = end;
    for (std::uint32_t j = std::exchange(starts_[i], begin); j < starts_[i + 1]; ++j) {
      if (end > begin && edges_[end - 1].to == edges_[j].to) {
        edges_[end - 1].weight = std::max(edges_[end - 1].weight, edges_[j].weight);
        edges_[end - 1].direct = edges_[end - 1].direct || edges_[j].direct;
      } else {
        edges_[end++] = edges_[j];
      }
    }
  }
  starts_.back() = end;
  edges_.resize(end);
}

std::uint32_t Graph::weight(std::size_t a, std::size_t b) const {
  const std::span<const Edge> row = links(a);
  const Edge wanted{static_cast<std::uint32_t>(b)};
  const auto found = std::lower_bound(row.begin(), row.end(), wanted, by_end);
  return found != row.end() && found->to == b ? found->weight : 0;
}

std::uint64_t links_within(const Graph& graph, std::span<const std::size_t> set) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    for (std::size_t j = i + 1; j < set.size(); ++j) {
      sum += graph.weight(set[i], set[j]);
    }
  }
  return sum;
}

std::vector<std::size_t> core_of(const Graph& graph, std::size_t least) {
  std::vector<std::size_t> degree(graph.size());
  std::vector<std::size_t> leaving;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const std::span<const Graph::Edge> row = graph.links(i);
    degree[i] = static_cast<std::size_t>(
        std::count_if(row.begin(), row.end(), [](const Graph::Edge& edge) { return edge.direct; }));
    if (degree[i] < least) {
      leaving.push_back(i);
    }
  }
  while (!leaving.empty()) {
    const std::size_t gone = leaving.back();
    leaving.pop_back();
    for (const Graph::Edge& edge : graph.links(gone)) {
      if (edge.direct && degree[edge.to]-- == least) {
        leaving.push_back(edge.to);
      }
    }
  }
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (degree[i] >= least) {
      left.push_back(i);
    }
  }
  return left;
}

}  // namespace xpu
