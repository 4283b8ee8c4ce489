// SPDX-License-Identifier: Apache-2.0
// Greedy sets from several starts, each improved by exchanging one device at a time.
#include <algorithm>
#include <numeric>

#include "core/choose/search.h"

namespace xpu {
namespace {

// Looks at a member: less than a tenth of a millisecond.
constexpr std::size_t kWork = 30'000;
// Exchanges after the last that led to a better set.
constexpr std::size_t kTries = 40;

class Builder {
 public:
  explicit Builder(const SetWanted& wanted)
      : wanted_(wanted),
        gain_(wanted.graph.size()),
        in_(wanted.graph.size()),
        barred_(wanted.graph.size()) {}

  std::vector<std::size_t> run() {
    build({});
    for (const std::size_t start : starts()) {
      if (work_ > kWork) {
        break;
      }
      build({start});
    }
    std::sort(best_.begin(), best_.end());
    return best_;
  }

 private:
  // Those with the greatest sum of links first.
  std::vector<std::size_t> starts() const {
    std::vector<std::uint64_t> sums(wanted_.base.begin(), wanted_.base.end());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      for (const Graph::Edge& edge : wanted_.graph.links(i)) {
        sums[i] += edge.weight;
      }
    }
    std::vector<std::size_t> order(sums.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return sums[a] > sums[b]; });
    return order;
  }

  // A greedy set around the start, and those that exchanges lead to from there.
  void build(const std::vector<std::size_t>& start) {
    std::copy(wanted_.base.begin(), wanted_.base.end(), gain_.begin());
    std::fill(in_.begin(), in_.end(), false);
    std::fill(barred_.begin(), barred_.end(), std::size_t{0});
    set_.clear();
    links_ = 0;
    work_ += gain_.size();
    for (const std::size_t member : start) {
      add(member);
    }
    while (set_.size() < wanted_.count) {
      add(greediest(0));
    }
    keep_best();
    if (set_.size() == gain_.size()) {
      return;
    }
    const std::size_t tries = kTries + gain_.size() / 8;
    for (std::size_t turn = 1, best_turn = 0; turn < best_turn + tries && work_ <= 2 * kWork;
         ++turn) {
      exchange(turn);
      best_turn = keep_best() ? turn : best_turn;
    }
  }

  bool keep_best() {
    if (!best_.empty() && links_ <= most_) {
      return false;
    }
    best_ = set_;
    most_ = links_;
    return true;
  }

  void add(std::size_t member) {
    links_ += gain_[member];
    in_[member] = true;
    set_.push_back(member);
    for (const Graph::Edge& edge : wanted_.graph.links(member)) {
      gain_[edge.to] += edge.weight;
    }
    work_ += wanted_.graph.links(member).size();
  }

  void remove(std::size_t member) {
    links_ -= gain_[member];
    in_[member] = false;
    set_.erase(std::find(set_.begin(), set_.end(), member));
    for (const Graph::Edge& edge : wanted_.graph.links(member)) {
      gain_[edge.to] -= edge.weight;
    }
    work_ += wanted_.graph.links(member).size();
  }

  // The device with the most links to the set that is not barred; gain_.size() when all are.
  std::size_t greediest(std::size_t turn) {
    std::size_t best = gain_.size();
    for (std::size_t i = 0; i < gain_.size(); ++i) {
      if (!in_[i] && barred_[i] <= turn && (best == gain_.size() || gain_[i] > gain_[best])) {
        best = i;
      }
    }
    work_ += gain_.size();
    return best;
  }

  // The member with the fewest links goes, the device with the most comes, even when that makes the
  // set worse for now. Neither goes back for a while, so that turns do not run in a circle.
  void exchange(std::size_t turn) {
    std::size_t out = set_.front();
    for (const std::size_t member : set_) {
      const bool barred = barred_[member] > turn, out_barred = barred_[out] > turn;
      if (barred != out_barred ? out_barred : gain_[member] < gain_[out]) {
        out = member;
      }
    }
    remove(out);
    barred_[out] = turn + 1 + turn % 3;
    const std::size_t in = greediest(turn);
    add(in == gain_.size() ? out : in);
    barred_[in == gain_.size() ? out : in] = turn + 1 + turn % 2;
  }

  const SetWanted& wanted_;
  std::vector<std::uint64_t> gain_;  // of each member: links to the set, base included
  std::vector<bool> in_;
  std::vector<std::size_t> set_;
  std::uint64_t links_ = 0;          // within the set, base included
  std::vector<std::size_t> barred_;  // until which turn a device stays where it is
  std::vector<std::size_t> best_;
  std::uint64_t most_ = 0;  // links of best_
  std::size_t work_ = 0;
};

}  // namespace

std::vector<std::size_t> good_set(const SetWanted& wanted) {
  return Builder(wanted).run();
}

}  // namespace xpu
