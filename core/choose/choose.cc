// SPDX-License-Identifier: Apache-2.0
#include "core/choose/choose.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "core/base/error.h"
#include "core/choose/graph.h"
#include "core/choose/score.h"
#include "core/choose/search.h"

namespace xpu {
namespace {

using Places = std::vector<std::size_t>;

// Up to this many devices that score the same the best links are found for sure: that takes less
// than kSteps.
constexpr std::size_t kExact = 16;
constexpr std::size_t kSteps = 2'000'000;
// For direct links among more.
constexpr std::size_t kLinkedSteps = 500'000;
// Up to this many a short search improves on what was found quickly.
constexpr std::size_t kShort = 64;
constexpr std::size_t kShortSteps = 60'000;

// The mean of `sum` over `count` against another, without rounding.
int compare_means(std::int64_t sum, std::int64_t count, std::int64_t other, std::int64_t others) {
  const auto floor = [](std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); };
  const std::int64_t mine = floor(sum, count), its = floor(other, others);
  if (mine != its) {
    return mine < its ? -1 : 1;
  }
  const std::int64_t left = (sum - mine * count) * others, right = (other - its * others) * count;
  return left == right ? 0 : left < right ? -1 : 1;
}

template <class Numbers>
int compare_means(const Numbers& sums, std::size_t count, const Numbers& others,
                  std::size_t other_count) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const int order = compare_means(sums[i], static_cast<std::int64_t>(count), others[i],
                                    static_cast<std::int64_t>(other_count));
    if (order != 0) {
      return order;
    }
  }
  return 0;
}

template <class Numbers>
void add_to(Numbers& sums, const Numbers& numbers, std::int64_t times = 1) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] += times * numbers[i];
  }
}

// Better ones first; no two are equal.
struct InOrder {
  const std::vector<Score>& scores;
  bool operator()(std::size_t a, std::size_t b) const {
    const Score &one = scores[a], &other = scores[b];
    return std::tie(one.first, one.last, a) < std::tie(other.first, other.last, b);
  }
};

// A set of which the scores are settled.
struct Draft {
  Places certain;
  Places tied;  // score the same; as many as `count` lacks are taken, which links decide
  std::size_t count = 0;
  decltype(Score::first) first{};  // sums over the set
};

class Chooser {
 public:
  Chooser(std::span<const Candidate> candidates, const Links& links, const ChoiceWanted& wanted)
      : candidates_(candidates), links_(links), wanted_(wanted) {
    wanted_.least = std::max(wanted_.least, 1U);
    if (wanted_.most != 0) {
      wanted_.most = std::max(wanted_.most, wanted_.least);
    }
    scores_.reserve(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      scores_.push_back(score_of(candidates[i], i, wanted_));
    }
  }

  Places run() {
    Places all(candidates_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    Places chosen;
    if (wanted_.numa_local) {
      Places local;
      std::copy_if(all.begin(), all.end(), std::back_inserter(local),
                   [&](std::size_t i) { return candidates_[i].local; });
      chosen = among(local);
    }
    if (chosen.empty()) {
      chosen = among(all);
    }
    if (chosen.empty() && undecided_) {
      fail("the devices have too many links to find ", wanted_.least,
           " of which each two are linked directly; ask for fewer");
    }
    return chosen;
  }

 private:
  using Key = std::pair<std::string_view, std::string_view>;

  Places among(const Places& pool) {
    if (pool.size() < wanted_.least) {
      return {};
    }
    if (wanted_.most == 1) {
      return {*std::min_element(pool.begin(), pool.end(), in_order())};
    }
    if (wanted_.most == 0) {
      return best_of({pool});
    }
    for (const bool by_model : {true, false}) {
      Places set = best_of(groups(pool, by_model));
      if (!set.empty()) {
        return set;
      }
    }
    return best_of({pool});
  }

  // The pool by vendor, and by model too, in the order of the list; those that are large enough.
  std::vector<Places> groups(const Places& pool, bool by_model) const {
    const auto hash = [](const Key& key) {
      const std::hash<std::string_view> hash_text;
      return hash_text(key.first) * 31 + hash_text(key.second);
    };
    std::unordered_map<Key, std::size_t, decltype(hash)> known(16, hash);
    std::vector<std::size_t> sizes;
    std::vector<std::size_t> group_of;
    group_of.reserve(pool.size());
    for (const std::size_t i : pool) {
      const Key key(candidates_[i].vendor, by_model ? candidates_[i].model : std::string_view());
      const std::size_t group = known.emplace(key, sizes.size()).first->second;
      sizes.resize(std::max(sizes.size(), group + 1));
      ++sizes[group];
      group_of.push_back(group);
    }
    std::vector<Places> out;
    std::vector<std::size_t> place_of(sizes.size(), pool.size());
    for (std::size_t j = 0; j < pool.size(); ++j) {
      const std::size_t group = group_of[j];
      if (sizes[group] < wanted_.least) {
        continue;
      }
      if (place_of[group] == pool.size()) {
        place_of[group] = out.size();
        out.emplace_back().reserve(sizes[group]);
      }
      out[place_of[group]].push_back(pool[j]);
    }
    return out;
  }

  // The best set that one of the pools can fill, which are as large as `least` at least.
  Places best_of(const std::vector<Places>& pools) {
    std::vector<Draft> drafts;
    for (const Places& pool : pools) {
      Draft draft = wanted_.direct_links ? linked_draft(pool) : free_draft(pool);
      if (draft.count == 0) {
        continue;
      }
      const int order = drafts.empty() ? 0
                                       : compare_means(draft.first, draft.count, drafts[0].first,
                                                       drafts[0].count);
      if (order < 0) {
        drafts.clear();
      }
      if (order <= 0) {
        drafts.push_back(std::move(draft));
      }
    }
    Places best;
    for (Draft& draft : drafts) {
      Places set = completed(draft);
      if (best.empty() || comes_before(set, best)) {
        best = std::move(set);
      }
    }
    return best;
  }

  Draft free_draft(Places pool) const {
    Draft draft;
    draft.count =
        wanted_.most == 0 ? pool.size() : std::min<std::size_t>(wanted_.most, pool.size());
    const auto cut = pool.begin() + static_cast<std::ptrdiff_t>(draft.count) - 1;
    std::nth_element(pool.begin(), cut, pool.end(), [&](std::size_t a, std::size_t b) {
      return scores_[a].first < scores_[b].first;
    });
    const auto& last = scores_[*cut].first;
    for (const std::size_t i : pool) {
      if (scores_[i].first < last) {
        draft.certain.push_back(i);
        add_to(draft.first, scores_[i].first);
      } else if (scores_[i].first == last) {
        draft.tied.push_back(i);
      }
    }
    const std::size_t open = draft.count - draft.certain.size();
    add_to(draft.first, last, static_cast<std::int64_t>(open));
    if (draft.tied.size() == open) {
      draft.certain.insert(draft.certain.end(), draft.tied.begin(), draft.tied.end());
      draft.tied.clear();
    }
    return draft;
  }

  // The largest set with direct links, of those the best.
  Draft linked_draft(Places pool) {
    std::sort(pool.begin(), pool.end(), in_order());
    const Graph graph(whole(), pool);
    std::size_t size = 1;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      size = std::max(size, graph.links(i).size() + 1);
    }
    size = std::min<std::size_t>(size, wanted_.most == 0 ? pool.size() : wanted_.most);
    for (; size >= wanted_.least; --size) {
      const Places core = core_of(graph, size - 1);
      Places set;
      if (core.size() >= size) {
        Places members;
        for (const std::size_t i : core) {
          members.push_back(pool[i]);
        }
        set = linked_set(members, size);
      }
      if (!set.empty()) {
        Draft draft;
        draft.count = set.size();
        for (const std::size_t i : set) {
          add_to(draft.first, scores_[i].first);
        }
        draft.certain = std::move(set);
        return draft;
      }
    }
    return {};
  }

  // `members` are in order. Empty when there is no set of that size.
  Places linked_set(const Places& members, std::size_t size) {
    const Graph graph(whole(), members);
    std::vector<std::uint32_t> ranks(members.size());
    for (std::size_t i = 1; i < members.size(); ++i) {
      const bool same = scores_[members[i]].first == scores_[members[i - 1]].first;
      ranks[i] = ranks[i - 1] + (same ? 0 : 1);
    }
    const std::vector<std::uint64_t> base(members.size());
    std::size_t steps = members.size() > kExact ? kLinkedSteps : kSteps;
    const auto found = best_set({graph, ranks, base, size, /*direct=*/true}, &steps);
    undecided_ = undecided_ || (!found && steps == 0);
    return found ? of(members, *found) : Places();
  }

  // All of the set, ascending.
  Places completed(Draft& draft) {
    Places set = std::move(draft.certain);
    if (!draft.tied.empty()) {
      const Places more = linked_most(std::move(draft.tied), set, draft.count - set.size());
      set.insert(set.end(), more.begin(), more.end());
    }
    std::sort(set.begin(), set.end());
    return set;
  }

  // The `count` of `tied` that have the most links to each other and to `certain`.
  Places linked_most(Places tied, const Places& certain, std::size_t count) {
    const auto in_ties = [this](std::size_t a, std::size_t b) {
      return std::tie(scores_[a].last, a) < std::tie(scores_[b].last, b);
    };
    if (!links_.all().empty()) {
      std::sort(tied.begin(), tied.end(), in_ties);
      const Graph graph(whole(), tied);
      const std::vector<std::uint64_t> base = links_to(certain, tied);
      if (!graph.empty() ||
          std::any_of(base.begin(), base.end(), [](auto sum) { return sum > 0; })) {
        return of(tied, most_linked(graph, base, count));
      }
    }
    std::partial_sort(tied.begin(), tied.begin() + static_cast<std::ptrdiff_t>(count), tied.end(),
                      in_ties);
    tied.resize(count);
    return tied;
  }

  static std::vector<std::size_t> most_linked(const Graph& graph,
                                              const std::vector<std::uint64_t>& base,
                                              std::size_t count) {
    const std::vector<std::uint32_t> ranks(graph.size());
    SetWanted wanted{graph, ranks, base, count};
    std::size_t steps = kSteps;
    if (graph.size() > kExact) {
      wanted.known = good_set(wanted);
      steps = kShortSteps;
    }
    return graph.size() <= kShort ? best_set(wanted, &steps).value() : wanted.known;
  }

  // Of each member the sum of its links to `certain`.
  std::vector<std::uint64_t> links_to(const Places& certain, const Places& members) {
    std::vector<bool> in(candidates_.size());
    for (const std::size_t i : certain) {
      in[i] = true;
    }
    std::vector<std::uint64_t> sums(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const Graph::Edge& edge : whole().links(members[i])) {
        sums[i] += in[edge.to] ? edge.weight : 0;
      }
    }
    return sums;
  }

  // Of two sets whose mean scores are the same.
  bool comes_before(const Places& set, const Places& other) {
    const auto pairs = [](std::size_t count) {
      return std::max<std::size_t>(count * (count - 1) / 2, 1);
    };
    const auto links = [&](const Places& of) {
      return links_.all().empty() ? 0 : static_cast<std::int64_t>(links_within(whole(), of));
    };
    const auto last = [&](const Places& of) {
      decltype(Score::last) sums{};
      for (const std::size_t i : of) {
        add_to(sums, scores_[i].last);
      }
      return sums;
    };
    int order = compare_means(-links(set), static_cast<std::int64_t>(pairs(set.size())),
                              -links(other), static_cast<std::int64_t>(pairs(other.size())));
    if (order == 0) {
      order = compare_means(last(set), set.size(), last(other), other.size());
    }
    return order == 0 ? set.front() < other.front() : order < 0;
  }

  static Places of(const Places& members, const std::vector<std::size_t>& chosen) {
    Places out;
    for (const std::size_t i : chosen) {
      out.push_back(members[i]);
    }
    return out;
  }

  InOrder in_order() const { return {scores_}; }

  const Graph& whole() {
    if (!whole_) {
      whole_.emplace(links_);
    }
    return *whole_;
  }

  std::span<const Candidate> candidates_;
  const Links& links_;
  ChoiceWanted wanted_;
  std::vector<Score> scores_;
  std::optional<Graph> whole_;
  bool undecided_ = false;  // a search ended before it found a set or knew that there is none
};

}  // namespace

std::vector<std::size_t> choose(std::span<const Candidate> candidates, const Links& links,
                                const ChoiceWanted& wanted) {
  return Chooser(candidates, links, wanted).run();
}

}  // namespace xpu
