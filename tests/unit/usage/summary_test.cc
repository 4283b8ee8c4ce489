// SPDX-License-Identifier: Apache-2.0
#include "core/usage/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/base/error.h"
#include "tests/unit/usage/sample.h"

namespace xpu {
namespace {

using test::device;
using test::kUsd;
using test::usage;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "name held time currency cost" of each row and currency, and of the total.
std::string table(const std::vector<Usage>& usages, const CostQuery& query) {
  std::string out;
  const auto add = [&](const CostRow& row) {
    for (const auto& [currency, part] : row.parts) {
      out += cat(row.name.empty() ? "total" : row.name, ' ', row.held_seconds, ' ',
                 decimal(part.time.rounded(10, 1), 1), ' ',
                 currency.empty() ? "unknown" : cat(money_text(part), ' ', currency), '\n');
    }
  };
  const CostReport report = summarise(usages, query);
  for (const CostRow& row : report.rows) {
    add(row);
  }
  add(report.total);
  return out;
}

constexpr CostQuery kAll = {0, 1'000'000, 1'000'000, CostBy::kContainer};

TEST(Summary, IsTimeTimesPrice) {
  EXPECT_EQ(table({usage("a", 1000, 4600, {device("acme:0", 2 * kUsd)})}, kAll),
            "a 3600 3600.0 2.0000 USD\n"
            "total 3600 3600.0 2.0000 USD\n");
}

TEST(Summary, CountsOnlyWhatIsAskedFor) {
  const std::vector<Usage> usages = {usage("a", 1000, 2000, {device("acme:0", 3600 * kUsd)})};
  const auto seconds = [&](std::int64_t since, std::int64_t until, std::int64_t now) {
    return summarise(usages, {since, until, now, CostBy::kContainer}).total.held_seconds;
  };
  EXPECT_EQ(seconds(0, 5000, 5000), 1000);
  EXPECT_EQ(seconds(1500, 5000, 5000), 500);
  EXPECT_EQ(seconds(0, 1500, 5000), 500);
  EXPECT_EQ(seconds(1999, 2001, 5000), 1);
  EXPECT_EQ(seconds(2000, 5000, 5000), 0);
  EXPECT_EQ(seconds(0, 1000, 5000), 0);
  EXPECT_EQ(seconds(0, 5000, 1200), 200);
  EXPECT_THAT(summarise(usages, {0, 1000, 5000, CostBy::kContainer}).rows, IsEmpty());
}

TEST(Summary, ShowsWhatTookLessThanASecond) {
  const std::vector<Usage> usages = {usage("a", 1000, 1000, {device("acme:0", 3600 * kUsd)}),
                                     usage("b", 1000, 2000, {device("acme:0", 3600 * kUsd)}),
                                     usage("c", 2000, std::nullopt, {device("acme:1", kUsd)})};
  EXPECT_EQ(table(usages, {1000, 2001, 2000, CostBy::kContainer}),
            "b 1000 1000.0 1000.0000 USD\n"
            "a 0 0.0 0.0000 USD\n"
            "c 0 0.0 0.0000 USD\n"
            "total 1000 1000.0 1000.0000 USD\n");
  EXPECT_THAT(summarise({usages[0]}, {1001, 5000, 5000, CostBy::kContainer}).rows, IsEmpty());
  EXPECT_THAT(summarise({usages[0]}, {0, 1000, 5000, CostBy::kContainer}).rows, IsEmpty());
  EXPECT_THAT(summarise({usages[0]}, {0, 5000, 999, CostBy::kContainer}).rows, IsEmpty());
}

TEST(Summary, CountsAnOpenLeaseUntilNow) {
  const std::vector<Usage> usages = {usage("a", 1000, std::nullopt, {device("acme:0", kUsd)})};
  const CostReport report = summarise(usages, {0, 9000, 4600, CostBy::kContainer});
  EXPECT_EQ(report.total.held_seconds, 3600);
  EXPECT_EQ(report.open, 1u);
  EXPECT_EQ(report.estimated, 0u);
}

TEST(Summary, CountsEstimatedEnds) {
  std::vector<Usage> usages = {usage("a", 1000, 2000, {device("acme:0", kUsd)}),
                               usage("b", 1000, 2000, {device("acme:0", kUsd)})};
  usages[1].end_estimated = true;
  EXPECT_EQ(summarise(usages, kAll).estimated, 1u);
  EXPECT_EQ(summarise(usages, kAll).open, 0u);
}

// One device at 3.60 an hour; a holds it alone for 100 s, then with b for 100 s, then with b and c
// for 100 s.
TEST(Summary, DividesADeviceAmongThoseWhoHoldIt) {
  const std::vector<UsedDevice> devices = {device("acme:0", 3'600'000)};
  const std::vector<Usage> usages = {usage("a", 1000, 1300, devices),
                                     usage("b", 1100, 1300, devices),
                                     usage("c", 1200, 1300, devices)};
  EXPECT_EQ(table(usages, kAll),
            "a 300 183.3 0.1833 USD\n"
            "b 200 83.3 0.0833 USD\n"
            "c 100 33.3 0.0333 USD\n"
            "total 600 300.0 0.3000 USD\n");
  CostQuery by_device = kAll;
  by_device.by = CostBy::kDevice;
  EXPECT_EQ(table(usages, by_device),
            "acme:0 600 300.0 0.3000 USD\n"
            "total 600 300.0 0.3000 USD\n");
}

TEST(Summary, LetsEachHolderPayItsOwnPrice) {
  EXPECT_EQ(table({usage("a", 0, 3600, {device("acme:0", 4 * kUsd)}),
                   usage("b", 0, 3600, {device("acme:0", 2 * kUsd)}),
                   usage("c", 3600, 7200, {device("acme:0", 10 * kUsd)})},
                  kAll),
            "c 3600 3600.0 10.0000 USD\n"
            "a 3600 1800.0 2.0000 USD\n"
            "b 3600 1800.0 1.0000 USD\n"
            "total 10800 7200.0 13.0000 USD\n");
}

TEST(Summary, KeepsCurrenciesAndUnknownPricesApart) {
  const std::vector<Usage> usages = {usage("a", 0, 3600,
                                           {device("acme:0", kUsd), device("acme:1", kUsd, "EUR"),
                                            device("globex:0", std::nullopt)}),
                                     usage("b", 0, 60, {device("globex:1", std::nullopt)})};
  EXPECT_EQ(table(usages, kAll),
            "a 10800 3600.0 unknown\n"
            "a 10800 3600.0 1.0000 EUR\n"
            "a 10800 3600.0 1.0000 USD\n"
            "b 60 60.0 unknown\n"
            "total 10860 3660.0 unknown\n"
            "total 10860 3600.0 1.0000 EUR\n"
            "total 10860 3600.0 1.0000 USD\n");
  EXPECT_THAT(summarise(usages, kAll).unknown_models, ElementsAre("Orb"));
}

TEST(Summary, AFreeDeviceIsNotAnUnknownOne) {
  EXPECT_EQ(table({usage("a", 0, 60, {device("acme:0", 0)})}, kAll),
            "a 60 60.0 0.0000 USD\n"
            "total 60 60.0 0.0000 USD\n");
}

TEST(Summary, APriceWithoutCurrencyIsUnknown) {
  EXPECT_EQ(table({usage("a", 0, 60, {device("acme:0", kUsd, "")})}, kAll),
            "a 60 60.0 unknown\n"
            "total 60 60.0 unknown\n");
}

TEST(Summary, CountsADeviceOnceForOneLease) {
  EXPECT_EQ(table({usage("a", 0, 60, {device("acme:0", 0), device("acme:0", 0)})}, kAll),
            "a 60 60.0 0.0000 USD\n"
            "total 60 60.0 0.0000 USD\n");
}

TEST(Summary, GroupsByWhatIsAskedFor) {
  std::vector<Usage> usages = {
      usage("a", 0, 3600, {device("acme:0", kUsd), device("globex:0", kUsd)}),
      usage("b", 0, 1800, {device("acme:1", kUsd)})};
  usages[0].label = "team";
  usages[1].image = "";
  const auto names = [&](CostBy by) {
    CostQuery query = kAll;
    query.by = by;
    std::vector<std::string> out;
    for (const CostRow& row : summarise(usages, query).rows) {
      out.push_back(row.name);
    }
    return out;
  };
  EXPECT_THAT(names(CostBy::kContainer), ElementsAre("a", "b"));
  EXPECT_THAT(names(CostBy::kImage), ElementsAre("image", "(unknown)"));
  EXPECT_THAT(names(CostBy::kDevice), ElementsAre("acme:0", "globex:0", "acme:1"));
  EXPECT_THAT(names(CostBy::kVendor), ElementsAre("acme", "globex"));
  EXPECT_THAT(names(CostBy::kLabel), ElementsAre("team", "(no label)"));
}

TEST(Summary, TellsRowsOfOneNameApart) {
  const std::string hash(64, 'd');
  std::vector<Usage> usages = {usage("a", 0, 60, {device("acme:0", 1)}),
                               usage("b", 60, 90, {device("acme:0", 1)}),
                               usage("c", 90, 95, {device("acme:0", 1)})};
  usages[0].name = usages[1].name = "train";
  usages[0].container = hash;
  usages[2].name = "";
  usages[2].container = std::string(64, 'e');
  EXPECT_EQ(table(usages, kAll),
            "train (dddddddddddd) 60 60.0 0.0000 USD\n"
            "train (id-b) 30 30.0 0.0000 USD\n"
            "eeeeeeeeeeee 5 5.0 0.0000 USD\n"
            "total 95 95.0 0.0000 USD\n");
}

TEST(Summary, SaysWhatLeasesCostSoFar) {
  const std::vector<Usage> usages = {
      usage("a", 0, std::nullopt, {device("acme:0", kUsd), device("globex:0", std::nullopt)}),
      usage("b", 0, std::nullopt, {device("globex:1", std::nullopt)}),
      usage("c", 0, std::nullopt, {device("acme:0", kUsd), device("acme:1", kUsd, "EUR")})};
  const std::map<std::string, std::string> costs = costs_so_far(usages, 7200);
  EXPECT_EQ(costs.at("a"), "1.0000 USD + unknown");
  EXPECT_EQ(costs.at("b"), "unknown");
  EXPECT_EQ(costs.at("c"), "2.0000 EUR + 1.0000 USD");
  EXPECT_EQ(costs.size(), 3u);
}

TEST(Shares, RoundToTheNearestHalvesUp) {
  const auto rounded = [](std::uint32_t holders, Wide amount, std::int64_t units,
                          std::int64_t per) {
    Shares shares;
    shares.add(holders, amount);
    return static_cast<long long>(shares.rounded(units, per));
  };
  EXPECT_EQ(rounded(1, 0, 1, 1), 0);
  EXPECT_EQ(rounded(2, 1, 1, 1), 1);
  EXPECT_EQ(rounded(3, 1, 1, 1), 0);
  EXPECT_EQ(rounded(3, 2, 1, 1), 1);
  EXPECT_EQ(rounded(3, 1, 1000, 1), 333);
  EXPECT_EQ(rounded(1, 49'999'999, 1, 100'000'000), 0);
  EXPECT_EQ(rounded(1, 50'000'000, 1, 100'000'000), 1);
  Shares sixths;  // 1/3 + 1/6 is a half, though neither has an end in binary
  sixths.add(3, 1);
  sixths.add(6, 1);
  EXPECT_EQ(static_cast<long long>(sixths.rounded(1, 1)), 1);
}

TEST(Shares, HoldWhatNobodyCanPay) {
  Shares shares;
  for (int i = 0; i < 1000; ++i) {
    shares.add(7, Wide{1'000'000'000'000} * 253402300799);
  }
  EXPECT_EQ(decimal(shares.rounded(1, 3600), 6), "10055646857103174.603175");
}

TEST(Decimal, HasAllDigitsAfterThePoint) {
  EXPECT_EQ(decimal(0, 4), "0.0000");
  EXPECT_EQ(decimal(7, 4), "0.0007");
  EXPECT_EQ(decimal(12345, 4), "1.2345");
  EXPECT_EQ(decimal(120, 0), "120");
  EXPECT_EQ(decimal(0, 0), "0");
}

// Random leases against a clock that goes second by second. Everything is counted in 840ths, which
// shares among up to eight holders are whole numbers of.
class Simulation : public testing::TestWithParam<unsigned> {
 protected:
  static constexpr int kSeconds = 300, kLeases = 24;
  static constexpr std::int64_t kWhole = 840;
  // By row and currency: time and price times time.
  using Sums = std::map<std::pair<std::string, std::string>, std::pair<Wide, Wide>>;

  Simulation() : random_(GetParam()) {
    for (int i = 0; i < kLeases; ++i) {
      leases_.push_back(random_lease(i));
    }
    query_.since = pick(kSeconds / 3);
    query_.until = query_.since + 1 + pick(kSeconds);
    query_.now = pick(kSeconds) + kSeconds / 3;
  }

  std::int64_t pick(std::int64_t below) {
    return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random_);
  }

  Usage random_lease(int number) {
    const std::int64_t begin = pick(kSeconds);
    Usage out = usage(cat("l", number), begin,
                      pick(5) == 0 ? std::nullopt : std::optional(begin + pick(kSeconds / 2)), {});
    out.image = cat("image", pick(3));
    out.label = pick(2) == 0 ? "" : cat("label", pick(2));
    for (int i = 0; i < 4; ++i) {
      if (pick(3) == 0 && load(i) < 8) {
        out.devices.push_back(device(cat(i < 2 ? "acme:" : "globex:", i), random_price(),
                                     pick(3) == 0 ? "EUR" : "USD"));
      }
    }
    return out;
  }

  std::optional<std::int64_t> random_price() {
    return pick(6) == 0 ? std::nullopt : std::optional(1 + pick(40) * 123'457);
  }

  int load(int number) const {
    int out = 0;
    for (const Usage& lease : leases_) {
      for (const UsedDevice& held : lease.devices) {
        out += held.id.ends_with(cat(':', number)) ? 1 : 0;
      }
    }
    return out;
  }

  bool holds_at(const Usage& lease, std::int64_t second) const {
    return second >= query_.since && second < query_.until && second < query_.now &&
           second >= lease.begin_unix && (!lease.end_unix || second < *lease.end_unix);
  }

  // Within one second, and that is asked for.
  bool was_there(const Usage& lease) const {
    const std::int64_t begin = lease.begin_unix;
    return lease.end_unix.value_or(query_.now) == begin && begin >= query_.since &&
           begin < query_.until && begin <= query_.now;
  }

  static std::string row_of(CostBy by, const Usage& lease, const UsedDevice& held) {
    return by == CostBy::kContainer ? lease.container
           : by == CostBy::kImage   ? lease.image
           : by == CostBy::kDevice  ? held.key
           : by == CostBy::kVendor  ? held.vendor
           : by == CostBy::kLabel   ? lease.label
                                    : lease.lease;
  }

  Sums simulated(CostBy by) const {
    Sums out;
    for (const Usage& lease : leases_) {
      for (const UsedDevice& held : lease.devices) {
        if (was_there(lease)) {
          out[{row_of(by, lease, held), held.currency}];
        }
      }
    }
    for (std::int64_t second = 0; second < 3 * kSeconds; ++second) {
      std::map<std::string, int> holders;
      for (const Usage& lease : leases_) {
        for (const UsedDevice& held : lease.devices) {
          holders[held.key] += holds_at(lease, second) ? 1 : 0;
        }
      }
      for (const Usage& lease : leases_) {
        for (const UsedDevice& held : lease.devices) {
          if (holds_at(lease, second)) {
            auto& [time, price] = out[{row_of(by, lease, held), held.currency}];
            time += kWhole / holders[held.key];
            price += held.price.value_or(0) * (kWhole / holders[held.key]);
          }
        }
      }
    }
    return out;
  }

  static void add_row(Sums* sums, const std::string& key, const CostRow& row) {
    for (const auto& [currency, part] : row.parts) {
      auto& [time, price] = (*sums)[{key, currency}];
      time += part.time.rounded(kWhole, 1);
      price += part.price.rounded(kWhole, 1);
    }
  }

  static std::string text(const Sums& sums) {
    std::string out;
    for (const auto& [key, sum] : sums) {
      out += cat(key.first, ' ', key.second, ' ', decimal(sum.first, 0), ' ',
                 decimal(sum.second, 0), '\n');
    }
    return out;
  }

  std::mt19937 random_;
  std::vector<Usage> leases_;
  CostQuery query_;
};

TEST_P(Simulation, AgreesForEveryGrouping) {
  std::set<std::string> totals;
  for (const CostBy by : {CostBy::kContainer, CostBy::kImage, CostBy::kDevice, CostBy::kVendor,
                          CostBy::kLabel, CostBy::kLease}) {
    query_.by = by;
    const CostReport report = summarise(leases_, query_);
    Sums rows, sum_of_rows, total;
    std::int64_t held = 0;
    for (const CostRow& row : report.rows) {
      add_row(&rows, row.key, row);
      add_row(&sum_of_rows, "", row);
      held += row.held_seconds;
    }
    add_row(&total, "", report.total);
    EXPECT_EQ(text(rows), text(simulated(by))) << static_cast<int>(by);
    EXPECT_EQ(text(sum_of_rows), text(total)) << static_cast<int>(by);
    EXPECT_EQ(held, report.total.held_seconds);
    totals.insert(text(total));
  }
  EXPECT_EQ(totals.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Simulation, testing::Range(1u, 41u));

}  // namespace
}  // namespace xpu
