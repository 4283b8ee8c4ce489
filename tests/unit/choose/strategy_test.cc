// SPDX-License-Identifier: Apache-2.0
// What each strategy takes, one device or several.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/choose/machine.h"

namespace xpu::test {
namespace {

Candidate model(const std::string& id, const std::string& name, std::optional<double> performance,
                std::optional<std::int64_t> price, std::uint64_t gib = 24) {
  Candidate out = device(id, name);
  out.performance = performance;
  out.price = price;
  out.memory_bytes = gib * kGiB;
  return out;
}

// Fast and dear, slow and cheap, in between, and those of which something is unknown.
std::vector<Candidate> mixed() {
  return {model("acme:0", "Cheap", 65, 200'000, 16),
          model("acme:1", "Fast", 989, 4'000'000, 80),
          model("acme:2", "Middle", 312, 1'000'000, 40),
          model("globex:0", "Free", 100, std::nullopt),
          model("globex:1", "Secret", std::nullopt, 100'000, 192),
          model("globex:2", "Dark", std::nullopt, std::nullopt, 8)};
}

// The order in which devices are taken when each is taken away after it was chosen.
std::string ranking(std::vector<Candidate> candidates, const ChoiceWanted& choice) {
  std::string out;
  while (!candidates.empty()) {
    const std::vector<std::size_t> set = choose(candidates, Links(candidates.size()), choice);
    EXPECT_EQ(set.size(), 1U);
    out.append(out.empty() ? "" : " ").append(candidates[set.at(0)].id);
    candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(set[0]));
  }
  return out;
}

TEST(Strategy, PerformanceTakesTheFastestAndUnknownOnesByMemory) {
  EXPECT_EQ(ranking(mixed(), wanted(Strategy::kPerformance)),
            "acme:1 acme:2 globex:0 acme:0 globex:1 globex:2");
}

TEST(Strategy, CostTakesTheCheapestAndUnknownOnesLast) {
  EXPECT_EQ(ranking(mixed(), wanted(Strategy::kCost)),
            "globex:1 acme:0 acme:2 acme:1 globex:0 globex:2");
}

// 325, 312 and 247 TFLOPS for 1 per hour.
TEST(Strategy, BalancedTakesTheMostPerformanceForThePrice) {
  EXPECT_EQ(ranking(mixed(), wanted(Strategy::kBalanced)),
            "acme:0 acme:2 acme:1 globex:0 globex:1 globex:2");
}

TEST(Strategy, BalancedTakesWhatCostsNothingFirst) {
  std::vector<Candidate> candidates = mixed();
  candidates[2].price = 0;
  EXPECT_EQ(chosen(candidates, wanted(Strategy::kBalanced)), "acme:2");
}

TEST(Strategy, FirstTakesTheOrderOfTheList) {
  std::vector<Candidate> candidates = mixed();
  std::reverse(candidates.begin(), candidates.end());
  EXPECT_EQ(ranking(candidates, wanted(Strategy::kFirst)),
            "globex:2 globex:1 globex:0 acme:2 acme:1 acme:0");
}

TEST(Strategy, PackedFillsAndSpreadEvensOut) {
  std::vector<Candidate> candidates = devices(4);
  candidates[0].holders = 1;
  candidates[1].holders = 3;
  candidates[3].holders = 2;
  EXPECT_EQ(ranking(candidates, wanted(Strategy::kPacked)), "acme:1 acme:3 acme:0 acme:2");
  EXPECT_EQ(ranking(candidates, wanted(Strategy::kSpread)), "acme:2 acme:0 acme:3 acme:1");
}

TEST(Strategy, SpreadLooksAtLoadBetweenEqualNumbersOfHolders) {
  std::vector<Candidate> candidates = devices(5);
  candidates[0].holders = 1;  // idle, but held
  candidates[0].utilisation = 0;
  candidates[1].utilisation = 80;
  candidates[2].utilisation = 10;
  candidates[2].memory_free = 8 * kGiB;
  candidates[3].utilisation = 10;
  candidates[3].memory_free = 20 * kGiB;
  // acme:4 has no sample: between the idle and the busy one
  EXPECT_EQ(ranking(candidates, wanted(Strategy::kSpread)), "acme:3 acme:2 acme:4 acme:1 acme:0");
}

TEST(Strategy, NumaLocalTakesLocalDevicesFirst) {
  std::vector<Candidate> candidates = devices(4);
  candidates[0].local = candidates[2].local = false;
  candidates[1].holders = 1;
  EXPECT_EQ(ranking(candidates, wanted(Strategy::kNumaLocal)), "acme:3 acme:1 acme:0 acme:2");
  EXPECT_EQ(chosen(candidates, wanted(Strategy::kNumaLocal, 3)), "acme:0 acme:1 acme:3");
}

TEST(Strategy, EqualDevicesGoToWhoHasFewerHoldersAndLessLoad) {
  for (const Strategy strategy : {Strategy::kPerformance, Strategy::kCost, Strategy::kBalanced}) {
    std::vector<Candidate> candidates = devices(4);
    for (Candidate& candidate : candidates) {
      candidate.performance = 312;
      candidate.price = 1'000'000;
    }
    candidates[0].holders = 1;
    candidates[1].utilisation = 90;
    candidates[2].utilisation = 12;
    candidates[3].utilisation = 11;
    EXPECT_EQ(ranking(candidates, wanted(strategy)), "acme:3 acme:2 acme:1 acme:0")
        << to_string(strategy);
    candidates[0].price = 900'000;
    candidates[0].performance = 400;
    EXPECT_EQ(chosen(candidates, wanted(strategy)), "acme:0") << to_string(strategy);
  }
}

TEST(Strategy, PreferredVendorBreaksTiesOnly) {
  std::vector<Candidate> candidates = {model("acme:0", "A", 100, 1'000'000),
                                       model("globex:0", "G", 100, 1'000'000)};
  ChoiceWanted choice = wanted(Strategy::kBalanced);
  EXPECT_EQ(chosen(candidates, choice), "acme:0");
  choice.preferred_vendor = "globex";
  EXPECT_EQ(chosen(candidates, choice), "globex:0");
  candidates[0].performance = 101;
  EXPECT_EQ(chosen(candidates, choice), "acme:0");
}

TEST(Strategy, LocalDevicesAloneWhereThereAreEnough) {
  std::vector<Candidate> candidates = devices(6);
  for (std::size_t i = 0; i < 3; ++i) {
    candidates[i].local = false;
    candidates[i].performance = 900;
  }
  ChoiceWanted choice = wanted(Strategy::kPerformance, 2);
  EXPECT_EQ(chosen(candidates, choice), "acme:0 acme:1");
  choice.numa_local = true;
  EXPECT_EQ(chosen(candidates, choice), "acme:3 acme:4");
  choice.most = 5;
  EXPECT_EQ(chosen(candidates, choice), "acme:3 acme:4 acme:5");
  choice.least = choice.most = 4;  // not enough local ones: they come first all the same
  EXPECT_EQ(chosen(candidates, choice), "acme:0 acme:3 acme:4 acme:5");
}

TEST(Strategy, OneModelThenOneVendorThenAny) {
  const std::vector<Candidate> candidates = {
      model("acme:0", "Fast", 900, 1), model("acme:1", "Fast", 900, 1),
      model("acme:2", "Slow", 100, 1), model("globex:0", "G", 200, 1),
      model("globex:1", "G", 200, 1),  model("globex:2", "G", 200, 1)};
  const auto performance = [&](unsigned least, unsigned most) {
    return chosen(candidates, wanted(Strategy::kPerformance, least, most));
  };
  EXPECT_EQ(performance(2, 2), "acme:0 acme:1");
  EXPECT_EQ(performance(1, 3), "acme:0 acme:1");  // not mixed, only to be more
  EXPECT_EQ(performance(3, 3), "globex:0 globex:1 globex:2");
  EXPECT_EQ(performance(3, 8), "globex:0 globex:1 globex:2");
  EXPECT_EQ(performance(4, 4), "acme:0 acme:1 globex:0 globex:1");
  EXPECT_EQ(performance(7, 7), "");
  std::vector<Candidate> fewer = candidates;
  fewer.pop_back();
  EXPECT_EQ(chosen(fewer, wanted(Strategy::kPerformance, 3)), "acme:0 acme:1 acme:2");
}

TEST(Strategy, AsManyAsThereAreMeansAllOfThem) {
  ChoiceWanted choice = wanted(Strategy::kCost);
  choice.most = 0;
  EXPECT_EQ(choose(mixed(), Links(6), choice).size(), 6U);
  choice.least = 7;
  EXPECT_EQ(choose(mixed(), Links(6), choice).size(), 0U);
}

// Sums alone would prefer the larger set.
TEST(Strategy, LargerSetsDoNotWinBySizeAlone) {
  const std::vector<Candidate> candidates = {
      model("acme:0", "Slow", 100, 1), model("acme:1", "Slow", 100, 1),
      model("acme:2", "Slow", 100, 1), model("globex:0", "G", 101, 1)};
  EXPECT_EQ(chosen(candidates, wanted(Strategy::kPerformance, 1, 3)), "globex:0");
}

TEST(Strategy, NothingToChooseFrom) {
  EXPECT_TRUE(choose({}, Links(0), wanted(Strategy::kBalanced)).empty());
  EXPECT_TRUE(choose({}, Links(0), {.most = 0}).empty());
}

// With no two devices alike the order of the list decides nothing.
TEST(Strategy, SameDevicesInWhateverOrder) {
  std::mt19937 random(7);
  const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  for (int round = 0; round < 300; ++round) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < 12; ++i) {
      Candidate one = device((i % 3 == 0 ? "globex:" : "acme:") + std::to_string(i),
                             i % 4 == 0 ? "One" : "Two");
      one.performance = below(3) == 0 ? std::nullopt : std::optional<double>(100 + below(2));
      one.price = below(3) == 0 ? std::nullopt : std::optional<std::int64_t>(1 + below(2));
      one.holders = below(2);
      one.utilisation = below(100);
      one.memory_free = (i + 1) * kGiB;
      one.local = below(2) == 0;
      candidates.push_back(one);
    }
    std::vector<std::size_t> order(candidates.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    std::shuffle(order.begin(), order.end(), random);
    std::vector<Candidate> shuffled;
    for (const std::size_t i : order) {
      shuffled.push_back(candidates[i]);
    }
    for (const Strategy strategy : {Strategy::kPerformance, Strategy::kCost, Strategy::kBalanced,
                                    Strategy::kPacked, Strategy::kSpread, Strategy::kNumaLocal}) {
      const ChoiceWanted choice = wanted(strategy, 1 + below(4), 4 + below(3));
      const auto sorted = [&](const std::vector<Candidate>& from) {
        std::vector<std::string> out;
        for (const std::size_t i : choose(from, Links(from.size()), choice)) {
          out.emplace_back(from[i].id);
        }
        std::sort(out.begin(), out.end());
        return out;
      };
      ASSERT_EQ(sorted(candidates), sorted(shuffled)) << to_string(strategy);
    }
  }
}

TEST(Strategy, ScoresForPeople) {
  Candidate one = model("acme:0", "One", 312.5, 1'290'000);
  one.holders = 1;
  EXPECT_EQ(score_text(one, Strategy::kPerformance), "312.5 TFLOPS");
  EXPECT_EQ(score_text(one, Strategy::kCost), "1.29 per hour");
  EXPECT_EQ(score_text(one, Strategy::kBalanced), "242.24 TFLOPS for a price of 1 per hour");
  EXPECT_EQ(score_text(one, Strategy::kPacked), "1 holder");
  EXPECT_EQ(score_text(one, Strategy::kNumaLocal), "local");
  EXPECT_EQ(score_text(one, Strategy::kFirst), "");
  one.price = 5;
  EXPECT_EQ(score_text(one, Strategy::kCost), "0.000005 per hour");
  one.price = 0;
  EXPECT_EQ(score_text(one, Strategy::kCost), "0 per hour");
  one.price = std::nullopt;
  one.local = false;
  one.holders = 2;
  EXPECT_EQ(score_text(one, Strategy::kCost), "price unknown");
  EXPECT_EQ(score_text(one, Strategy::kBalanced), "price unknown");
  EXPECT_EQ(score_text(one, Strategy::kSpread), "2 holders");
  EXPECT_EQ(score_text(one, Strategy::kNumaLocal), "not local");
  one.performance = std::nullopt;
  EXPECT_EQ(score_text(one, Strategy::kPerformance), "performance unknown");
  EXPECT_EQ(score_text(one, Strategy::kBalanced), "performance and price unknown");
  one.price = 1;
  EXPECT_EQ(score_text(one, Strategy::kBalanced), "performance unknown");
}

}  // namespace
}  // namespace xpu::test
