// SPDX-License-Identifier: Apache-2.0
// Candidates and links for tests, and the objective of choose() written down naively.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/choose/choose.h"
#include "core/choose/score.h"

namespace xpu::test {

inline constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// Candidates borrow their texts; these last for the whole program.
inline std::string_view lasting(std::string_view text) {
  static std::set<std::string, std::less<>> texts;
  return *texts.emplace(text).first;
}

inline Candidate device(std::string_view id, std::string_view model = "One") {
  Candidate out;
  out.id = lasting(id);
  out.vendor = out.id.substr(0, id.find(':'));
  out.model = lasting(model);
  out.memory_bytes = 24 * kGiB;
  out.local = true;
  return out;
}

inline std::vector<Candidate> devices(std::size_t count, const std::string& vendor = "acme") {
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(device(vendor + ":" + std::to_string(i)));
  }
  return out;
}

inline ChoiceWanted wanted(Strategy strategy, unsigned least = 1, unsigned most = 0) {
  ChoiceWanted out;
  out.strategy = strategy;
  out.least = least;
  out.most = most == 0 ? least : most;
  return out;
}

// Ids of what is chosen, "acme:0 acme:1".
inline std::string ids(const std::vector<Candidate>& candidates,
                       const std::vector<std::size_t>& set) {
  std::string out;
  for (const std::size_t i : set) {
    out.append(out.empty() ? "" : " ").append(candidates[i].id);
  }
  return out;
}

inline std::string chosen(const std::vector<Candidate>& candidates, const Links& links,
                          const ChoiceWanted& wanted) {
  return ids(candidates, choose(candidates, links, wanted));
}

inline std::string chosen(const std::vector<Candidate>& candidates, const ChoiceWanted& wanted) {
  return chosen(candidates, Links(candidates.size()), wanted);
}

// All links at hand in O(1), for comparisons with brute force.
struct Matrix {
  explicit Matrix(const Links& links)
      : weight(links.size(), std::vector<std::uint32_t>(links.size())),
        direct(links.size(), std::vector<bool>(links.size())) {
    for (std::size_t a = 0; a < links.size(); ++a) {
      for (std::size_t b = 0; b < links.size(); ++b) {
        weight[a][b] = links.weight(a, b);
        direct[a][b] = links.direct(a, b);
      }
    }
  }
  std::uint64_t within(const std::vector<std::size_t>& set) const {
    std::uint64_t sum = 0;
    for (const std::size_t a : set) {
      for (const std::size_t b : set) {
        sum += a < b ? weight[a][b] : 0;
      }
    }
    return sum;
  }
  bool all_direct(const std::vector<std::size_t>& set) const {
    for (const std::size_t a : set) {
      for (const std::size_t b : set) {
        if (a < b && !direct[a][b]) {
          return false;
        }
      }
    }
    return true;
  }
  std::vector<std::vector<std::uint32_t>> weight;
  std::vector<std::vector<bool>> direct;
};

// What a set of one group is worth: its scores, the best first, then its links. Lower is better.
struct Worth {
  std::vector<std::array<std::int64_t, 8>> scores;
  std::int64_t links = 0;
  auto operator<=>(const Worth&) const = default;
};

inline Worth worth(const std::vector<Score>& scores, const Matrix& matrix,
                   const std::vector<std::size_t>& set) {
  Worth out;
  for (const std::size_t i : set) {
    out.scores.push_back(scores[i].first);
  }
  std::sort(out.scores.begin(), out.scores.end());
  out.links = -static_cast<std::int64_t>(matrix.within(set));
  return out;
}

// Calls `visit` with every set of `size` of `count` places.
template <class Visit>
void each_set(std::size_t count, std::size_t size, const Visit& visit) {
  for (std::uint32_t mask = 0; mask < (1U << count); ++mask) {
    if (static_cast<std::size_t>(__builtin_popcount(mask)) == size) {
      std::vector<std::size_t> set;
      for (std::size_t i = 0; i < count; ++i) {
        if ((mask >> i & 1U) != 0) {
          set.push_back(i);
        }
      }
      visit(set);
    }
  }
}

}  // namespace xpu::test
