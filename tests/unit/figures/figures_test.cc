// SPDX-License-Identifier: Apache-2.0
#include "core/figures/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/figures/cache.h"
#include "core/figures/derive.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/figures/backends.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Figure of(const Figures& figures, const std::string& id) {
  const Figure* const found = figures.find(id);
  EXPECT_NE(found, nullptr) << id;
  return found == nullptr ? Figure() : *found;
}

class FiguresTest : public testing::Test {
 protected:
  FiguresTest() {
    prices_ = dir_.write("prices.toml",
                         "[[price]]\nmodel = \"Acme One*\"\nper-hour = 1.28\ndate = 2026-05-24\n"
                         "[[price]]\nmodel = \"*Tiny\"\nper-hour = 0.5\ncurrency = \"EUR\"\n");
    models_ = dir_.write("models.toml",
                         "[[model]]\nmodel = \"Acme One\"\ntflops-fp16 = 120.5\ndate = 2020-01-02\n"
                         "[[model]]\nmodel = \"Acme*\"\ntflops-fp16 = 7\n");
  }

  Figures figures(const std::vector<BackendStatus>& backends) {
    warnings_.clear();
    return figures_from(prices_, models_, dir_ / "state", backends, &warnings_);
  }
  Figures figures(std::vector<Device> devices) {
    return figures({ready("sim", std::move(devices))});
  }
  std::string cache() const { return dir_ / "state/catalog/figures"; }

  TempDir dir_;
  std::string prices_, models_;
  std::vector<std::string> warnings_;
};

TEST_F(FiguresTest, OfFiles) {
  const Figures got = figures({device("acme:0", "Acme One"), device("acme:1", "Acme Two"),
                               device("globex:0", "Globex Tiny"), device("globex:1", "Globex")});
  ASSERT_EQ(got.size(), 4U);
  EXPECT_EQ(of(got, "acme:0").price, 1'280'000);
  EXPECT_EQ(of(got, "acme:0").currency, "USD");
  EXPECT_EQ(of(got, "acme:0").price_source, "prices.toml: 'Acme One*', 2026-05-24");
  EXPECT_EQ(of(got, "acme:0").performance, 120.5);
  EXPECT_EQ(of(got, "acme:0").performance_source, "models.toml: 'Acme One', 2020-01-02");
  EXPECT_EQ(of(got, "acme:1").price, std::nullopt);
  EXPECT_EQ(of(got, "acme:1").currency, "");
  EXPECT_EQ(of(got, "acme:1").price_source, "");
  EXPECT_EQ(of(got, "acme:1").performance, 7);
  EXPECT_EQ(of(got, "acme:1").performance_source, "models.toml: 'Acme*'");
  EXPECT_EQ(of(got, "globex:0").price, 500'000);
  EXPECT_EQ(of(got, "globex:0").currency, "EUR");
  EXPECT_EQ(of(got, "globex:1").price, std::nullopt);
  EXPECT_EQ(of(got, "globex:1").performance, std::nullopt);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FiguresTest, PropertiesWin) {
  const Figures got = figures(
      {device("acme:0", "Acme One", 24, {{"price-per-hour", "0.53"}, {"tflops-fp16", "99"}}),
       device("acme:1", "Acme One", 24, {{"price-per-hour", "0"}, {"price-currency", "CHF"}})});
  EXPECT_EQ(of(got, "acme:0").price, 530'000);
  EXPECT_EQ(of(got, "acme:0").currency, "USD");
  EXPECT_EQ(of(got, "acme:0").price_source, "property price-per-hour of the backend sim");
  EXPECT_EQ(of(got, "acme:0").performance, 99);
  EXPECT_EQ(of(got, "acme:0").performance_source, "property tflops-fp16 of the backend sim");
  EXPECT_EQ(of(got, "acme:1").price, 0);
  EXPECT_EQ(of(got, "acme:1").currency, "CHF");
  EXPECT_EQ(of(got, "acme:1").performance, 120.5);
}

TEST_F(FiguresTest, PropertiesThatAreNoFiguresAreAWarning) {
  struct Case {
    Properties properties;
    std::string warning;
  };
  for (const Case& one : std::vector<Case>{
           {{{"price-per-hour", "1 USD"}},
            "price-per-hour of acme:0 must be a number from 0 to 1000000, not '1 USD'"},
           {{{"price-per-hour", "-1"}},
            "price-per-hour of acme:0 must be a number from 0 to 1000000, not '-1'"},
           {{{"price-per-hour", "1"}, {"price-currency", "$"}},
            "price-currency of acme:0 must be three capital letters, not '$'"},
           {{{"tflops-fp16", "0"}},
            "tflops-fp16 of acme:0 must be a number above 0, at most 1000000, not '0'"}}) {
    const Figures got = figures({device("acme:0", "Acme One", 24, one.properties),
                                 device("acme:1", "Acme One", 24, {{"tflops-fp16", ""}})});
    EXPECT_THAT(warnings_,
                ElementsAre(cat("backend sim: the property ", one.warning, "; it is passed over")));
    EXPECT_EQ(of(got, "acme:0").price, 1'280'000);
    EXPECT_EQ(of(got, "acme:0").performance, 120.5);
  }
}

TEST_F(FiguresTest, PartsHaveTheirShareOfTheWholeByMemory) {
  const Figures got = figures(
      {device("acme:0", "Acme One", 40), part("acme:0:0", "acme:0", "Acme One 1g", 5),
       part("acme:0:1", "acme:0", "Acme One 2g", 10), part("acme:0:2", "acme:0", "Acme One", 0),
       part("acme:0:3", "acme:0", "Acme Tiny", 5),
       part("acme:0:4", "acme:0", "Acme One", 20, {{"price-per-hour", "9"}})});
  EXPECT_EQ(of(got, "acme:0:0").price, 160'000);
  EXPECT_EQ(of(got, "acme:0:0").currency, "USD");
  EXPECT_EQ(of(got, "acme:0:0").price_source,
            "13 % of acme:0 (prices.toml: 'Acme One*', 2026-05-24)");
  EXPECT_EQ(of(got, "acme:0:1").price, 320'000);
  EXPECT_EQ(of(got, "acme:0:2").price, std::nullopt);
  EXPECT_EQ(of(got, "acme:0:3").price, 500'000);  // an entry of its own
  EXPECT_EQ(of(got, "acme:0:4").price, 9'000'000);
  EXPECT_EQ(of(got, "acme:0:4").performance, 120.5 / 2);
}

// "Acme*" is about the whole too, which has a figure of its own.
TEST_F(FiguresTest, AnEntryOfTheWholeIsNotOneOfItsParts) {
  const Figures got =
      figures({device("acme:0", "Acme Two", 40), part("acme:0:0", "acme:0", "Acme Two half", 20)});
  EXPECT_EQ(of(got, "acme:0").performance, 7);
  EXPECT_EQ(of(got, "acme:0:0").performance, 3.5);
  EXPECT_EQ(of(got, "acme:0:0").performance_source, "50 % of acme:0 (models.toml: 'Acme*')");
  EXPECT_EQ(of(got, "acme:0:0").price, std::nullopt);
}

// Each says all of the memory, which they have in common.
TEST_F(FiguresTest, PartsWithMemoryInCommonHaveEqualShares) {
  std::vector<Device> devices = {device("acme:0", "Acme One", 64)};
  for (int i = 0; i < 4; ++i) {
    devices.push_back(part("acme:0:" + std::to_string(i), "acme:0", "Acme One part", 64));
  }
  const Figures got = figures(devices);
  EXPECT_EQ(of(got, "acme:0").price, 1'280'000);
  EXPECT_EQ(of(got, "acme:0:3").price, 320'000);
}

TEST_F(FiguresTest, PartsOfADeviceWithoutFigures) {
  const Figures got =
      figures({device("globex:0", "G", 64), part("globex:0:0", "globex:0", "G half", 32),
               device("globex:1", "G Tiny", 0), part("globex:1:0", "globex:1", "G half", 0)});
  EXPECT_EQ(of(got, "globex:0:0").price, std::nullopt);
  EXPECT_EQ(of(got, "globex:0:0").performance, std::nullopt);
  EXPECT_EQ(of(got, "globex:1:0").price, std::nullopt);
}

TEST_F(FiguresTest, OnlyReadyBackends) {
  BackendStatus failed = ready("one", {device("acme:0", "Acme One")});
  failed.state = BackendState::kFailed;
  EXPECT_TRUE(figures({failed}).empty());
}

TEST_F(FiguresTest, ABadFileIsOneWarningEveryTimeAndTheOtherCounts) {
  dir_.write("prices.toml", "[[price]]\nmodel = \"Acme One\"\nper-hour = -1\n");
  for (int i = 0; i < 2; ++i) {
    const Figures got = figures({device("acme:0", "Acme One"), device("acme:1", "Acme One")});
    EXPECT_THAT(warnings_,
                ElementsAre(cat(prices_, ":3: key 'per-hour' must be from 0 to 1000000; ",
                                "what this file says is not used")));
    EXPECT_EQ(of(got, "acme:0").price, std::nullopt);
    EXPECT_EQ(of(got, "acme:0").performance, 120.5);
  }
}

TEST_F(FiguresTest, NoFilesNoFigures) {
  std::filesystem::remove(prices_);
  std::filesystem::remove(models_);
  const Figures got = figures({device("acme:0", "Acme One")});
  EXPECT_EQ(of(got, "acme:0").price, std::nullopt);
  EXPECT_THAT(warnings_, IsEmpty());
}

// What is kept is believed: that shows that it is used.
TEST_F(FiguresTest, AreKeptForAsLongAsNothingChanges) {
  std::vector<Device> devices = {device("acme:0", "Acme One")};
  figures(devices);
  const std::string kept = slurp(cache());
  std::string forged = kept;
  forged.replace(forged.find("1280000"), 7, "7777777");
  const auto price = [&] { return of(figures(devices), "acme:0").price; };
  const auto forge = [&] {
    const std::string text = slurp(cache());
    std::string changed = text;
    const std::size_t at = changed.find("\t1280000\t");
    ASSERT_NE(at, changed.npos);
    changed.replace(at, 9, "\t7777777\t");
    dir_.write("state/catalog/figures", changed, 0600);
    ASSERT_EQ(price(), 7'777'777);
  };
  forge();
  dir_.write("prices.toml", slurp(prices_) + "\n");
  EXPECT_EQ(price(), 1'280'000);
  forge();
  dir_.write("models.toml", slurp(models_) + "\n");
  EXPECT_EQ(price(), 1'280'000);
  forge();
  devices[0].memory_bytes += 1;
  EXPECT_EQ(price(), 1'280'000);
  forge();
  devices[0].properties = {{"tflops-fp16", "5"}};
  EXPECT_EQ(price(), 1'280'000);
  forge();
  devices[0].properties = {{"tflops-fp16", "5"}, {"serial", "1"}};
  EXPECT_EQ(price(), 7'777'777);  // no figure is made from it
  devices[0].name = "Acme One S";
  EXPECT_EQ(price(), 1'280'000);
  forge();
  devices.push_back(device("acme:1", "Acme One"));
  EXPECT_EQ(price(), 1'280'000);
}

TEST_F(FiguresTest, WhatIsKeptIsWhatWasDerived) {
  const std::vector<Device> devices = {
      device("acme:0", "Acme One", 40), part("acme:0:0", "acme:0", "Acme One 1g", 7),
      device("globex:0", "Globex"),     device("acme:1", "Acme One", 40, {{"tflops-fp16", "0.1"}}),
      device("acme:2", "Acme One"),     device("acme:3", "Acme One"),
      device("globex:1", "Globex")};
  const Figures derived = figures(devices);
  EXPECT_NE(slurp(cache()).find("\nacme:3\t=\n"), std::string::npos);
  const Figures kept = figures(devices);
  ASSERT_EQ(kept.size(), derived.size());
  ASSERT_EQ(kept.ids(), derived.ids());
  for (const std::string& id : derived.ids()) {
    EXPECT_EQ(of(kept, id).price, of(derived, id).price);
    EXPECT_EQ(of(kept, id).currency, of(derived, id).currency);
    EXPECT_EQ(of(kept, id).performance, of(derived, id).performance);
    EXPECT_EQ(of(kept, id).price_source, of(derived, id).price_source);
    EXPECT_EQ(of(kept, id).performance_source, of(derived, id).performance_source);
  }
}

TEST_F(FiguresTest, AnyDamageMeansDerivingAnew) {
  const std::vector<Device> devices = {device("acme:0", "Acme One"), device("acme:1", "Acme Two")};
  figures(devices);
  const std::string kept = slurp(cache());
  ASSERT_TRUE(kept.ends_with("end\n"));
  for (std::size_t size = 0; size < kept.size(); ++size) {
    dir_.write("state/catalog/figures", kept.substr(0, size), 0600);
    ASSERT_EQ(of(figures(devices), "acme:0").price, 1'280'000) << size;
    ASSERT_EQ(slurp(cache()), kept);
  }
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"1280000", "12800 0"}, {"120.5", "120,5"}, {"\tUSD\t", "USD\t"}, {"end", "End"}}) {
    std::string damaged = kept;
    damaged.replace(damaged.find(from), from.size(), to);
    dir_.write("state/catalog/figures", damaged, 0600);
    ASSERT_EQ(of(figures(devices), "acme:0").price, 1'280'000) << to;
    ASSERT_EQ(of(figures(devices), "acme:0").performance, 120.5) << to;
  }
}

TEST_F(FiguresTest, WhatOthersCouldHaveWrittenIsNotBelieved) {
  const std::vector<Device> devices = {device("acme:0", "Acme One")};
  figures(devices);
  std::string forged = slurp(cache());
  forged.replace(forged.find("1280000"), 7, "7777777");
  dir_.write("state/catalog/figures", forged, 0666);
  EXPECT_EQ(of(figures(devices), "acme:0").price, 1'280'000);
  dir_.write("real", forged, 0600);
  std::filesystem::remove(cache());
  std::filesystem::create_symlink(dir_ / "real", cache());
  EXPECT_EQ(of(figures(devices), "acme:0").price, 1'280'000);
}

TEST_F(FiguresTest, WorkWithoutAStateFolder) {
  dir_.write("state", "in the way");
  EXPECT_EQ(of(figures({device("acme:0", "Acme One")}), "acme:0").price, 1'280'000);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FiguresTest, PricesFileThatCounts) {
  Config config;
  config.file = dir_ / "etc/config.toml";
  EXPECT_EQ(prices_file(config), shipped_prices_file());
  const std::string own = dir_.write("etc/prices.toml", "");
  EXPECT_EQ(prices_file(config), own);
  config.prices_file = "/elsewhere.toml";
  EXPECT_EQ(prices_file(config), "/elsewhere.toml");
}

TEST_F(FiguresTest, OfTheConfiguration) {
  Config config;
  config.file = dir_ / "config.toml";
  config.state_dir = dir_ / "state";
  const std::vector<BackendStatus> backends = {ready("sim", {device("acme:0", "Acme One")})};
  EXPECT_EQ(of(figures_of(config, backends, &warnings_), "acme:0").price, 1'280'000);
  EXPECT_THAT(warnings_, IsEmpty());
  config.prices_file = dir_ / "missing.toml";
  EXPECT_EQ(of(figures_of(config, backends, &warnings_), "acme:0").price, std::nullopt);
  EXPECT_THAT(warnings_, ElementsAre(cat(dir_ / "missing.toml",
                                         ", which [cost] prices names, is not there; prices are "
                                         "unknown")));
}

}  // namespace
}  // namespace xpu::test
