// SPDX-License-Identifier: Apache-2.0
// Several devices: links between them, as machines have them and against brute force.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/error.h"
#include "tests/unit/choose/machine.h"

namespace xpu::test {
namespace {

constexpr Strategy kAll[] = {Strategy::kPerformance, Strategy::kCost,   Strategy::kBalanced,
                             Strategy::kPacked,      Strategy::kSpread, Strategy::kNumaLocal,
                             Strategy::kFirst};

// Groups of `size` with direct links of weight `near`; links of `far` over the host between all.
Links islands(std::size_t count, std::size_t size, std::uint32_t near, std::uint32_t far) {
  Links links(count);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      const bool together = a / size == b / size;
      if (together || far > 0) {
        links.add(a, b, together ? near : far, together);
      }
    }
  }
  return links;
}

TEST(Links, GreatestWeightInBothDirections) {
  Links links(3);
  links.add(0, 1, 5, false);
  links.add(1, 0, 7, false);
  links.add(0, 1, 2, true);
  links.add(2, 2, 9, true);
  EXPECT_EQ(links.weight(0, 1), 7U);
  EXPECT_EQ(links.weight(1, 0), 7U);
  EXPECT_TRUE(links.direct(1, 0));
  EXPECT_EQ(links.weight(0, 2), 0U);
  EXPECT_EQ(links.weight(2, 2), 0U);
  EXPECT_FALSE(links.direct(2, 2));
  EXPECT_EQ(links.size(), 3U);
}

TEST(LinkedSets, TwoQuads) {
  std::vector<Candidate> candidates = devices(8);
  const Links links = islands(8, 4, 10, 1);
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kBalanced, 4)),
            "acme:0 acme:1 acme:2 acme:3");
  candidates[0].holders = 1;  // the whole second quad is free
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kBalanced, 4)),
            "acme:4 acme:5 acme:6 acme:7");
  // Scores come first, and what is certain to be in draws its neighbours: of the four that are held
  // once, the one beside the three that are free.
  for (Candidate& candidate : candidates) {
    candidate.holders = 1;
  }
  candidates[4].holders = candidates[5].holders = candidates[7].holders = 0;
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kSpread, 4)), "acme:4 acme:5 acme:6 acme:7");
}

TEST(LinkedSets, AFewPercentOfLoadDoNotPartAQuad) {
  std::vector<Candidate> candidates = devices(8);
  for (std::size_t i = 0; i < 8; ++i) {
    candidates[i].utilisation = static_cast<unsigned>(i % 4 == 0 ? 9 : 0);
  }
  const Links links = islands(8, 4, 10, 1);
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kSpread, 4)), "acme:0 acme:1 acme:2 acme:3");
  candidates[0].utilisation = 95;
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kSpread, 4)), "acme:4 acme:5 acme:6 acme:7");
}

TEST(LinkedSets, AllToAll) {
  std::vector<Candidate> candidates = devices(8);
  const Links links = islands(8, 8, 18, 0);
  for (Candidate& candidate : candidates) {
    candidate.utilisation = 0;
  }
  candidates[1].utilisation = 20;
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kBalanced, 4)),
            "acme:0 acme:2 acme:3 acme:4");
}

// Pairs below a switch, two switches below each of two processors.
TEST(LinkedSets, SwitchesOfTheHost) {
  std::vector<Candidate> candidates = devices(8);
  Links links(8);
  for (std::size_t a = 0; a < 8; ++a) {
    for (std::size_t b = a + 1; b < 8; ++b) {
      links.add(a, b, a / 2 == b / 2 ? 4 : a / 4 == b / 4 ? 2 : 1, false);
    }
  }
  const auto spread = [&](unsigned count) {
    return chosen(candidates, links, wanted(Strategy::kSpread, count));
  };
  EXPECT_EQ(spread(2), "acme:0 acme:1");
  candidates[0].holders = 1;
  EXPECT_EQ(spread(2), "acme:2 acme:3");
  candidates[3].holders = 1;
  EXPECT_EQ(spread(2), "acme:4 acme:5");
  EXPECT_EQ(spread(4), "acme:4 acme:5 acme:6 acme:7");
  EXPECT_EQ(spread(6), "acme:1 acme:2 acme:4 acme:5 acme:6 acme:7");
}

TEST(LinkedSets, BetterLinkedGroupOfTwoThatScoreTheSame) {
  std::vector<Candidate> candidates = {device("acme:0", "One"), device("acme:1", "One"),
                                       device("globex:0", "G"), device("globex:1", "G")};
  Links links(4);
  links.add(2, 3, 5, true);
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kSpread, 2)), "globex:0 globex:1");
  links.add(0, 1, 5, true);
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kSpread, 2)), "acme:0 acme:1");
  ChoiceWanted choice = wanted(Strategy::kSpread, 2);
  choice.preferred_vendor = "globex";
  EXPECT_EQ(chosen(candidates, links, choice), "globex:0 globex:1");
}

TEST(DirectLinks, OnlySetsWithALinkBetweenEachTwo) {
  const std::vector<Candidate> candidates = devices(8);
  const Links links = islands(8, 4, 10, 1);
  ChoiceWanted choice = wanted(Strategy::kBalanced, 4);
  choice.direct_links = true;
  EXPECT_EQ(chosen(candidates, links, choice), "acme:0 acme:1 acme:2 acme:3");
  choice.most = 8;
  EXPECT_EQ(chosen(candidates, links, choice), "acme:0 acme:1 acme:2 acme:3");
  choice.least = choice.most = 5;
  EXPECT_EQ(chosen(candidates, links, choice), "");
  choice.least = 1;
  choice.most = 0;
  EXPECT_EQ(chosen(candidates, links, choice), "acme:0 acme:1 acme:2 acme:3");
}

TEST(DirectLinks, OneDeviceNeedsNone) {
  ChoiceWanted choice = wanted(Strategy::kBalanced, 1, 4);
  choice.direct_links = true;
  EXPECT_EQ(chosen(devices(3), choice), "acme:0");
}

// A ring: each has two neighbours, no three are linked to each other.
TEST(DirectLinks, Ring) {
  std::vector<Candidate> candidates = devices(8);
  Links links(8);
  for (std::size_t i = 0; i < 8; ++i) {
    links.add(i, (i + 1) % 8, i == 5 ? 3 : 2, true);
  }
  ChoiceWanted choice = wanted(Strategy::kBalanced, 2);
  choice.direct_links = true;
  EXPECT_EQ(chosen(candidates, links, choice), "acme:5 acme:6");
  candidates[5].holders = 1;
  EXPECT_EQ(chosen(candidates, links, choice), "acme:0 acme:1");
  choice.least = choice.most = 3;
  EXPECT_EQ(chosen(candidates, links, choice), "");
}

TEST(DirectLinks, OfSeveralModelsWhereOneAloneHasNone) {
  const std::vector<Candidate> candidates = {device("acme:0", "One"), device("acme:1", "One"),
                                             device("acme:2", "Two")};
  Links links(3);
  links.add(1, 2, 1, true);
  ChoiceWanted choice = wanted(Strategy::kFirst, 2);
  choice.direct_links = true;
  EXPECT_EQ(chosen(candidates, links, choice), "acme:1 acme:2");
}

TEST(DirectLinks, LargeHostsOfIslands) {
  const std::vector<Candidate> candidates = devices(512);
  const Links links = islands(512, 16, 10, 0);
  ChoiceWanted choice = wanted(Strategy::kBalanced, 16);
  choice.direct_links = true;
  EXPECT_EQ(choose(candidates, links, choice).size(), 16U);
  choice.least = choice.most = 17;
  EXPECT_TRUE(choose(candidates, links, choice).empty());
}

// Ten groups of which no two members are linked, everything else is: sets of 10, none of 11. To
// know that takes longer than a start may.
TEST(DirectLinks, SaysWhenItCannotTell) {
  const std::size_t count = 200;
  Links links(count);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      if (a % 10 != b % 10) {
        links.add(a, b, 1, true);
      }
    }
  }
  ChoiceWanted choice = wanted(Strategy::kBalanced, 10);
  choice.direct_links = true;
  EXPECT_EQ(choose(devices(count), links, choice).size(), 10U);
  choice.least = choice.most = 11;
  try {
    choose(devices(count), links, choice);
    FAIL() << "found what is not there, or knew too much";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "the devices have too many links to find 11 of which each two are linked "
                 "directly; ask for fewer");
  }
}

struct Instance {
  std::vector<Candidate> candidates;
  Links links{0};
  ChoiceWanted choice;
};

// One model; few different scores, so that links matter.
Instance random_instance(std::mt19937& random, std::size_t count) {
  const auto below = [&](std::size_t limit) { return static_cast<unsigned>(random() % limit); };
  Instance out;
  out.candidates = devices(count);
  const unsigned kinds = 1 + below(3);
  for (Candidate& candidate : out.candidates) {
    candidate.holders = below(kinds);
    candidate.local = below(kinds) == 0;
    candidate.price = 1 + below(kinds);
    candidate.performance = 100;
  }
  out.links = Links(count);
  const unsigned density = 1 + below(100);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      if (below(100) < density) {
        out.links.add(a, b, 1 + below(20), below(4) > 0);
      }
    }
  }
  out.choice = wanted(kAll[below(std::size(kAll))], 2 + below(std::min<std::size_t>(count - 1, 9)));
  return out;
}

std::vector<Score> scores_of(const Instance& instance) {
  std::vector<Score> scores;
  for (std::size_t i = 0; i < instance.candidates.size(); ++i) {
    scores.push_back(score_of(instance.candidates[i], i, instance.choice));
  }
  return scores;
}

TEST(BruteForce, OptimalForUpTo16) {
  std::mt19937 random(42);
  for (int round = 0; round < 250; ++round) {
    const Instance instance = random_instance(random, 3 + random() % (round < 200 ? 9 : 14));
    const Matrix matrix(instance.links);
    const std::vector<Score> scores = scores_of(instance);
    std::optional<Worth> best;
    each_set(instance.candidates.size(), instance.choice.least,
             [&](const std::vector<std::size_t>& set) {
               Worth one = worth(scores, matrix, set);
               if (!best || one < *best) {
                 best = std::move(one);
               }
             });
    const auto set = choose(instance.candidates, instance.links, instance.choice);
    ASSERT_EQ(set.size(), instance.choice.least);
    ASSERT_EQ(worth(scores, matrix, set), *best) << "round " << round;
  }
}

TEST(BruteForce, DirectLinksOptimalForUpTo16) {
  std::mt19937 random(43);
  int found = 0;
  for (int round = 0; round < 250; ++round) {
    Instance instance = random_instance(random, 3 + random() % (round < 200 ? 9 : 14));
    instance.choice.direct_links = true;
    const Matrix matrix(instance.links);
    const std::vector<Score> scores = scores_of(instance);
    std::optional<Worth> best;
    each_set(instance.candidates.size(), instance.choice.least,
             [&](const std::vector<std::size_t>& set) {
               if (matrix.all_direct(set)) {
                 Worth one = worth(scores, matrix, set);
                 if (!best || one < *best) {
                   best = std::move(one);
                 }
               }
             });
    const auto set = choose(instance.candidates, instance.links, instance.choice);
    ASSERT_EQ(!set.empty(), best.has_value()) << "round " << round;
    if (best) {
      ++found;
      ASSERT_TRUE(matrix.all_direct(set));
      ASSERT_EQ(worth(scores, matrix, set), *best) << "round " << round;
    }
  }
  EXPECT_GT(found, 50);
  EXPECT_LT(found, 240);
}

TEST(BruteForce, LargestSetWithDirectLinks) {
  std::mt19937 random(44);
  for (int round = 0; round < 100; ++round) {
    Instance instance = random_instance(random, 4 + random() % 9);
    instance.choice.direct_links = true;
    instance.choice.least = 1;
    instance.choice.most = static_cast<unsigned>(round % 3 == 0 ? 0 : 2 + random() % 6);
    const Matrix matrix(instance.links);
    std::size_t largest = 1;
    for (std::size_t size = 2; size <= instance.candidates.size(); ++size) {
      if (instance.choice.most == 0 || size <= instance.choice.most) {
        each_set(instance.candidates.size(), size, [&](const std::vector<std::size_t>& set) {
          largest = matrix.all_direct(set) ? size : largest;
        });
      }
    }
    const auto set = choose(instance.candidates, instance.links, instance.choice);
    ASSERT_EQ(set.size(), largest) << "round " << round;
    ASSERT_TRUE(matrix.all_direct(set));
  }
}

// The greatest sum of links of `size` of all, by adding one after the other.
std::uint64_t most_links(const Matrix& matrix, std::size_t size, std::vector<std::size_t>& set,
                         std::size_t next, std::uint64_t links) {
  if (set.size() == size) {
    return links;
  }
  std::uint64_t most = 0;
  for (std::size_t i = next; i + (size - set.size()) <= matrix.weight.size(); ++i) {
    std::uint64_t more = links;
    for (const std::size_t other : set) {
      more += matrix.weight[other][i];
    }
    set.push_back(i);
    most = std::max(most, most_links(matrix, size, set, i + 1, more));
    set.pop_back();
  }
  return most;
}

TEST(BruteForce, Within5PercentFor17To24) {
  std::mt19937 random(45);
  int optimal = 0, rounds = 0;
  for (; rounds < 120; ++rounds) {
    Instance instance = random_instance(random, 17 + random() % 8);
    for (Candidate& candidate : instance.candidates) {
      candidate = device(candidate.id);
    }
    instance.choice = wanted(Strategy::kBalanced, 2 + static_cast<unsigned>(random() % 7));
    const Matrix matrix(instance.links);
    std::vector<std::size_t> scratch;
    const std::uint64_t best = most_links(matrix, instance.choice.least, scratch, 0, 0);
    const auto set = choose(instance.candidates, instance.links, instance.choice);
    ASSERT_EQ(set.size(), instance.choice.least);
    const std::uint64_t links = matrix.within(set);
    ASSERT_GE(100 * links, 95 * best) << "round " << rounds;
    optimal += links == best ? 1 : 0;
  }
  RecordProperty("optimal", optimal);
  EXPECT_GT(optimal, rounds * 9 / 10);
}

// What is certain to be in counts for those that score the same.
TEST(BruteForce, Within5PercentBesideDevicesThatAreCertain) {
  std::mt19937 random(46);
  for (int round = 0; round < 40; ++round) {
    Instance instance = random_instance(random, 20);
    for (std::size_t i = 0; i < 20; ++i) {
      instance.candidates[i] = device(instance.candidates[i].id);
      instance.candidates[i].holders = i < 2 ? 0 : 1;
    }
    instance.choice = wanted(Strategy::kSpread, 6);
    const Matrix matrix(instance.links);
    std::vector<std::size_t> set = {0, 1};
    const std::uint64_t best = most_links(matrix, 6, set, 2, matrix.weight[0][1]);
    const auto got = choose(instance.candidates, instance.links, instance.choice);
    ASSERT_EQ(got[0], 0U);
    ASSERT_EQ(got[1], 1U);
    ASSERT_GE(100 * matrix.within(got), 95 * best) << "round " << round;
  }
}

TEST(LinkedSets, QuadsOfALargeHost) {
  std::vector<Candidate> candidates = devices(256);
  const Links links = islands(256, 4, 10, 0);
  for (std::size_t i = 0; i < 256; ++i) {
    candidates[i].holders = i % 4 == 1 && i / 4 != 40 ? 1 : 0;
  }
  // One quad alone is free as a whole.
  EXPECT_EQ(chosen(candidates, links, wanted(Strategy::kSpread, 4)),
            "acme:160 acme:161 acme:162 acme:163");
}

}  // namespace
}  // namespace xpu::test
