// SPDX-License-Identifier: Apache-2.0
// What `xpu-runtime cost report` prints.
#include "core/apps/cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/usage/sample.h"

namespace xpu {
namespace {

using test::device;
using test::error_of;
using test::kUsd;
using test::TempDir;
using test::usage;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::int64_t kNow = 1794744000;    // 2026-11-15T12:00:00Z
constexpr std::int64_t kMonth = 1793491200;  // 2026-11-01
constexpr std::int64_t kHour = 3600;

CostReport report_of(const std::vector<Usage>& usages, CostBy by = CostBy::kContainer) {
  return summarise(usages, {kMonth, kNow, kNow, by});
}

std::string text_of_report(const std::vector<Usage>& usages, unsigned width = 80) {
  return report_text(report_of(usages), "/var/lib/xpu/usage", "/etc/xpu/prices.toml", width);
}

std::vector<Usage> sample() {
  return {usage("train", kMonth, kMonth + 120 * kHour, {device("acme:0", 4 * kUsd)}),
          usage("web", kMonth, kMonth + 10 * kHour + 90, {device("acme:1", kUsd)})};
}

TEST(CostText, IsATableWithBars) {
  EXPECT_EQ(text_of_report(sample(), 60),
            "Cost from 2026-11-01T00:00:00Z to 2026-11-15T12:00:00Z, by container\n"
            "\n"
            "CONTAINER  DEVICE TIME          COST\n"
            "train        120:00:00  480.0000 USD  ######################\n"
            "web           10:01:30   10.0250 USD  #\n"
            "total        130:01:30  490.0250 USD\n");
}

TEST(CostText, HasNoBarsWithoutRoomOrForOneRow) {
  EXPECT_THAT(text_of_report(sample(), 45), Not(HasSubstr("#")));
  EXPECT_THAT(text_of_report(sample(), 46), HasSubstr("  ########\n"));
  EXPECT_THAT(text_of_report(sample(), 400), HasSubstr("  " + std::string(40, '#') + "\n"));
  EXPECT_THAT(text_of_report({sample()[0]}), Not(HasSubstr("#")));
}

TEST(CostText, SaysWhatIsUnknown) {
  std::vector<Usage> usages = {
      usage("both", kMonth, kMonth + kHour,
            {device("acme:0", kUsd), device("acme:1", kUsd, "EUR"),
             device("globex:0", std::nullopt)}),
      usage("dark", kMonth, kMonth + 2 * kHour, {device("globex:1", std::nullopt)})};
  usages[1].end_estimated = true;
  usages[1].devices[0].model = "Orb 2";
  EXPECT_EQ(
      text_of_report(usages, 60),
      "Cost from 2026-11-01T00:00:00Z to 2026-11-15T12:00:00Z, by container\n"
      "\n"
      "CONTAINER  DEVICE TIME        COST\n"
      "both           3:00:00  1.0000 EUR  ########################\n"
      "                        1.0000 USD\n"
      "                           unknown\n"
      "dark           2:00:00     unknown  ################\n"
      "total          5:00:00  1.0000 EUR\n"
      "                        1.0000 USD\n"
      "                           unknown\n"
      "\n"
      "No price is known for 3:00:00 of Orb, Orb 2;\n"
      "add one to /etc/xpu/prices.toml, which counts for containers that start from then "
      "on.\n"
      "\n"
      "1 lease ended unseen, as after `runc run`, which deletes by itself, or when a host loses\n"
      "power: its time is an estimate.\n");
}

TEST(CostText, SaysThatThereIsNothing) {
  EXPECT_EQ(text_of_report({}),
            "No container held a device from 2026-11-01T00:00:00Z to 2026-11-15T12:00:00Z;\n"
            "what is known lies in /var/lib/xpu/usage.\n");
}

TEST(CostText, IsSafeWithHostileNames) {
  std::vector<Usage> usages = sample();
  usages[0].name = "a\n\x1b[31mtotal 0\xc2\x9b";
  usages[0].devices[0].price.reset();
  usages[0].devices[0].model = "\x1b]0;x\a";
  usages[1].name = std::string(40, 'x');
  for (int i = 0; i < 40; ++i) {
    usages[1].name += "\u00e9";
  }
  const std::string text = text_of_report(usages);
  EXPECT_THAT(text, HasSubstr("a\\n\\x1b[31mtotal 0\\xc2\\x9b  "));
  EXPECT_THAT(text, HasSubstr("of \\x1b]0;x\\x07;"));
  EXPECT_THAT(text, HasSubstr("\n" + std::string(29, 'x') + "...  "));
  EXPECT_EQ(text.find('\x1b'), text.npos);
}

TEST(CostText, CutsNamesBetweenCharacters) {
  std::vector<Usage> usages = {sample()[0]};
  usages[0].name.clear();
  std::string cut;
  for (int i = 0; i < 40; ++i) {
    usages[0].name += "\u00e9";
    cut += i < 29 ? "\u00e9" : "";
  }
  EXPECT_THAT(text_of_report(usages), HasSubstr("\n" + cut + "...  "));
}

TEST(CostJson, HasEverything) {
  std::vector<Usage> usages = {
      usage("a\"\x01", kMonth, kMonth + kHour,
            {device("acme:0", kUsd / 3), device("globex:0", std::nullopt)}),
      usage("b", kMonth, std::nullopt, {device("acme:0", kUsd / 3)})};
  const boost::json::value json = boost::json::parse(report_json(report_of(usages)));
  EXPECT_EQ(json.at("since").as_string(), "2026-11-01T00:00:00Z");
  EXPECT_EQ(json.at("until").as_string(), "2026-11-15T12:00:00Z");
  EXPECT_EQ(json.at("by").as_string(), "container");
  EXPECT_EQ(json.at("open_leases").as_int64(), 1);
  EXPECT_EQ(json.at("estimated_leases").as_int64(), 0);
  EXPECT_EQ(json.at("models_without_price"), boost::json::value({"Orb"}));
  const boost::json::value& row = json.at("rows").at(1);
  EXPECT_EQ(row.at("name").as_string(), "a\"\x01");
  EXPECT_EQ(row.at("key").as_string(), "id-a\"\x01");
  EXPECT_EQ(row.at("device_seconds").as_string(), "5400.000");
  EXPECT_EQ(row.at("held_seconds").as_int64(), 7200);
  EXPECT_EQ(row.at("unknown_price_seconds").as_string(), "3600.000");
  const boost::json::value& cost = row.at("costs").at(0);
  EXPECT_EQ(cost.at("currency").as_string(), "USD");
  EXPECT_EQ(cost.at("amount_text").as_string(), "0.166667");
  EXPECT_EQ(cost.at("amount").as_double(), 0.166667);
  EXPECT_EQ(cost.at("device_seconds").as_string(), "1800.000");
  EXPECT_EQ(json.at("total").at("costs").at(0).at("amount_text").as_string(), "115.999884");
  EXPECT_EQ(json.at("total").at("unknown_price_seconds").as_string(), "3600.000");
}

TEST(CostCsv, HasALineForEachRowAndCurrency) {
  const std::vector<Usage> usages = {usage(
      "a", kMonth, kMonth + kHour,
      {device("acme:0", kUsd), device("acme:1", kUsd, "EUR"), device("globex:0", std::nullopt)})};
  EXPECT_EQ(report_csv(report_of(usages)),
            "container,key,device_seconds,currency,cost\r\n"
            "a,id-a,3600.000,unknown,\r\n"
            "a,id-a,3600.000,EUR,1.000000\r\n"
            "a,id-a,3600.000,USD,1.000000\r\n");
}

TEST(CostCsv, IsSafeWithHostileNames) {
  const struct {
    const char* name;
    const char* cell;
  } kCases[] = {
      {"=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
      {"+1", "'+1"},
      {"-1", "'-1"},
      {"@SUM(A1)", "'@SUM(A1)"},
      {"a,b", "\"a,b\""},
      {"say \"hi\"", "\"say \"\"hi\"\"\""},
      {"=\"x\"", "\"'=\"\"x\"\"\""},
      {"a\r\nb", "a\\r\\nb"},
      {"\t=1", "\\t=1"},
  };
  for (const auto& [name, cell] : kCases) {
    std::vector<Usage> usages = {sample()[0]};
    usages[0].name = name;
    EXPECT_THAT(report_csv(report_of(usages)), HasSubstr(cat("\r\n", cell, ",id-train,"))) << name;
  }
}

class CostCommand : public testing::Test {
 protected:
  CostCommand() {
    request_.usage_dir = dir_ / "usage";
    request_.prices_file = "/etc/xpu/prices.toml";
    request_.now = kNow;
  }
  std::string run() { return cost_report(request_, &warnings_); }

  const TempDir dir_;
  CostRequest request_;
  std::vector<std::string> warnings_;
};

TEST_F(CostCommand, ReadsTheJournalAndWhatIsLive) {
  append_end(request_.usage_dir, 24,
             usage("old", kMonth - kHour, kMonth + kHour, {device("acme:0", kUsd)}));
  append_begin(request_.usage_dir, 24, usage("now", kNow - kHour, {}, {device("acme:1", kUsd)}));
  request_.live = {usage("now", kNow - kHour, {}, {device("acme:1", kUsd)})};
  request_.format = CostFormat::kCsv;
  EXPECT_EQ(run(),
            "container,key,device_seconds,currency,cost\r\n"
            "now,id-now,3600.000,USD,1.000000\r\n"
            "old,id-old,3600.000,USD,1.000000\r\n");
  request_.since = "2026-10-01";
  request_.until = "30m";
  request_.by = "vendor";
  EXPECT_EQ(run(),
            "vendor,key,device_seconds,currency,cost\r\n"
            "acme,acme,9000.000,USD,2.500000\r\n");
  request_.format = CostFormat::kText;
  EXPECT_THAT(run(), StartsWith("Cost from 2026-10-01T00:00:00Z to 2026-11-15T11:30:00Z, by "));
  request_.format = CostFormat::kJson;
  EXPECT_THAT(run(), EndsWith("\"estimated_leases\":0}\n"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(CostCommand, ShowsWhatTookNoSecondJustNow) {
  append_end(request_.usage_dir, 24, usage("brief", kNow, kNow, {device("acme:0", kUsd)}));
  request_.format = CostFormat::kCsv;
  EXPECT_EQ(run(),
            "container,key,device_seconds,currency,cost\r\n"
            "brief,id-brief,0.000,USD,0.000000\r\n");
}

TEST_F(CostCommand, SaysWhatOfTheJournalIsLeftOut) {
  dir_.write("usage/usage-2026-11.jsonl", "torn\n", 0640);
  EXPECT_THAT(run(), StartsWith("No container held a device from "));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("1 damaged line was left out")));
}

TEST_F(CostCommand, RefusesWhatMakesNoSense) {
  request_.by = "colour";
  EXPECT_EQ(error_of([&] { run(); }),
            "\"colour\" is nothing to group by; write container, image, device, vendor or label");
  request_.by = "label";
  request_.since = "7d";
  request_.until = "2026-11-01";
  EXPECT_EQ(error_of([&] { run(); }),
            "--since 2026-11-08T12:00:00Z is not before --until 2026-11-01T00:00:00Z");
  request_.since = "soon";
  EXPECT_THAT(error_of([&] { run(); }), StartsWith("\"soon\" is no time; write "));
}

}  // namespace
}  // namespace xpu
