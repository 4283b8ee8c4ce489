// SPDX-License-Identifier: Apache-2.0
// Branch and bound, over the members in order of preference.
#include <algorithm>
#include <functional>
#include <numeric>

#include "core/choose/search.h"

namespace xpu {
namespace {

class Search {
 public:
  Search(const SetWanted& wanted, std::size_t* steps)
      : wanted_(wanted),
        steps_(*steps),
        levels_(wanted.count + 1),
        best_(wanted.known.begin(), wanted.known.end()) {
    for (std::size_t i = 0; i < wanted.graph.size(); ++i) {
      levels_[0].push_back({static_cast<std::uint32_t>(i), wanted.base[i]});
      add_greatest(i);
    }
    best_links_ = links_within(wanted.graph, wanted.known);
    for (const std::size_t i : wanted.known) {
      best_links_ += wanted.base[i];
    }
  }

  std::optional<std::vector<std::size_t>> run() {
    extend(0);
    if (best_.empty()) {
      return std::nullopt;
    }
    return std::vector<std::size_t>(best_.begin(), best_.end());
  }

 private:
  // A member that may come next.
  struct Option {
    std::uint32_t member;
    std::uint64_t links;  // to what has been taken, base included
  };
  using Options = std::span<const Option>;

  void extend(std::uint64_t links) {
    const std::size_t depth = taken_.size();
    if (depth == wanted_.count) {
      consider(links);
      return;
    }
    const std::size_t need = wanted_.count - depth;
    const std::vector<Option>& options = levels_[depth];
    if (!look(options.size()) || options.size() < need || !promising(options, need, links)) {
      return;
    }
    for (std::size_t i = 0; i + need <= options.size() && steps_ > 0; ++i) {
      const Options rest = Options(options).subspan(i + 1);
      look(wanted_.graph.links(options[i].member).size());
      taken_.push_back(options[i].member);
      if (wanted_.direct) {
        fill_linked(rest, options[i].member, &levels_[depth + 1]);
      } else {
        fill_all(rest, options[i].member, &levels_[depth + 1]);
      }
      extend(links + options[i].links);
      taken_.pop_back();
    }
  }

  bool look(std::size_t count) {
    steps_ -= std::min(steps_, count + 1);
    return steps_ > 0;
  }

  // The options that are left beside `member`. Both lists are in order.
  void fill_all(Options options, std::uint32_t member, std::vector<Option>* left) const {
    left->assign(options.begin(), options.end());
    auto at = left->begin();
    for (const Graph::Edge& edge : wanted_.graph.links(member)) {
      at = std::find_if(at, left->end(), [&](const Option& one) { return one.member >= edge.to; });
      if (at != left->end() && at->member == edge.to) {
        at->links += edge.weight;
      }
    }
  }

  // The same, of those with a direct link, which are few of many.
  void fill_linked(Options options, std::uint32_t member, std::vector<Option>* left) const {
    left->clear();
    auto at = options.begin();
    for (const Graph::Edge& edge : wanted_.graph.links(member)) {
      at = std::lower_bound(at, options.end(), edge.to,
                            [](const Option& one, std::uint32_t to) { return one.member < to; });
      if (at == options.end()) {
        return;
      }
      if (edge.direct && at->member == edge.to) {
        left->push_back({at->member, at->links + edge.weight});
      }
    }
  }

  // Whether `need` of the options can make a better set than the best so far.
  bool promising(Options options, std::size_t need, std::uint64_t links) {
    if (best_.empty()) {
      return true;
    }
    const int order =
        compare_to_best([&](std::size_t j) { return options[j - taken_.size()].member; });
    return order < 0 || (order == 0 && bound(options, need, links) > best_links_);
  }

  // No set of them has more links: each pair counts half for either of the two, and none has more
  // than its greatest links.
  std::uint64_t bound(Options options, std::size_t need, std::uint64_t links) {
    doubled_.clear();
    for (const Option& option : options) {
      doubled_.push_back(2 * option.links + greatest(option.member, need - 1));
    }
    const auto end = doubled_.begin() + static_cast<std::ptrdiff_t>(need);
    std::nth_element(doubled_.begin(), end - 1, doubled_.end(), std::greater<>());
    return links + std::accumulate(doubled_.begin(), end, std::uint64_t{0}) / 2;
  }

  void add_greatest(std::size_t member) {
    starts_.push_back(sums_.size());
    const std::size_t most = std::min(wanted_.graph.links(member).size(), wanted_.count - 1);
    doubled_.clear();
    for (const Graph::Edge& edge : wanted_.graph.links(member)) {
      doubled_.push_back(edge.weight);
    }
    const auto end = doubled_.begin() + static_cast<std::ptrdiff_t>(most);
    std::partial_sort(doubled_.begin(), end, doubled_.end(), std::greater<>());
    sums_.push_back(0);
    std::for_each(doubled_.begin(), end,
                  [&](std::uint64_t w) { sums_.push_back(sums_.back() + w); });
  }

  // The sum of the `count` greatest links of a member.
  std::uint64_t greatest(std::size_t member, std::size_t count) const {
    const std::size_t end = member + 1 < starts_.size() ? starts_[member + 1] : sums_.size();
    return sums_[std::min(starts_[member] + count, end - 1)];
  }

  void consider(std::uint64_t links) {
    const int order = best_.empty() ? -1 : compare_to_best([](std::size_t) { return 0U; });
    if (order < 0 || (order == 0 && links > best_links_)) {
      best_ = taken_;
      best_links_ = links;
    }
  }

  // Ranks of what has been taken, followed by those of `rest`, against those of the best set.
  template <class Rest>
  int compare_to_best(const Rest& rest) const {
    for (std::size_t j = 0; j < wanted_.count; ++j) {
      const std::uint32_t mine = wanted_.ranks[j < taken_.size() ? taken_[j] : rest(j)];
      const std::uint32_t its = wanted_.ranks[best_[j]];
      if (mine != its) {
        return mine < its ? -1 : 1;
      }
    }
    return 0;
  }

  const SetWanted& wanted_;
  std::size_t& steps_;
  std::vector<std::vector<Option>> levels_;  // by how many have been taken
  // Of each member, from its start on: the sums of its greatest links, of none, one, two, ...
  std::vector<std::size_t> starts_;
  std::vector<std::uint64_t> sums_;
  std::vector<std::uint32_t> taken_, best_;
  std::uint64_t best_links_ = 0;
  std::vector<std::uint64_t> doubled_;
};

}  // namespace

std::optional<std::vector<std::size_t>> best_set(const SetWanted& wanted, std::size_t* steps) {
  return Search(wanted, steps).run();
}

}  // namespace xpu
