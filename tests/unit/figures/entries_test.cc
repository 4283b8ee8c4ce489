// SPDX-License-Identifier: Apache-2.0
#include "core/figures/entries.h"

#include <gtest/gtest.h>

#include "tests/unit/base/temp_dir.h"
#include "tests/unit/figures/backends.h"

namespace xpu::test {
namespace {

TEST(Entries, Prices) {
  const TempDir dir;
  const std::vector<PriceEntry> entries = read_prices(dir.write("prices.toml", R"(
currency = "EUR"

[[price]]
model = "Acme One*"
per-hour = 1.29
source = "https://example.com/prices"
date = 2026-05-04

[[price]]
model = "*"
vendor = "globex"
per-hour = 2
currency = "JPY"
)"));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].model, "Acme One*");
  EXPECT_EQ(entries[0].price, 1'290'000);
  EXPECT_EQ(entries[0].currency, "EUR");
  EXPECT_EQ(entries[0].source, "https://example.com/prices");
  EXPECT_EQ(entries[0].date, "2026-05-04");
  EXPECT_EQ(entries[0].line, 4U);
  EXPECT_EQ(entries[1].vendor, "globex");
  EXPECT_EQ(entries[1].price, 2'000'000);
  EXPECT_EQ(entries[1].currency, "JPY");
  EXPECT_EQ(entries[1].date, "");
}

TEST(Entries, Models) {
  const TempDir dir;
  const std::vector<ModelEntry> entries = read_models(dir.write("models.toml", R"(
[[model]]
model = "Acme One"
tflops-fp16 = 82.6
)"));
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_DOUBLE_EQ(entries[0].tflops_fp16, 82.6);
}

TEST(Entries, AFileThatIsMissingOrEmptyHasNone) {
  const TempDir dir;
  EXPECT_TRUE(read_prices(dir / "prices.toml").empty());
  EXPECT_TRUE(read_models(dir / "models.toml").empty());
  EXPECT_TRUE(read_prices(dir.write("prices.toml", "# nothing\n")).empty());
}

struct Bad {
  std::string text, error;  // after "FILE:"
};
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.text;
}

class BadPrices : public testing::TestWithParam<Bad> {};

TEST_P(BadPrices, NameLineKeyAndWhatIsWrong) {
  const TempDir dir;
  const std::string file = dir.write("prices.toml", GetParam().text);
  EXPECT_EQ(error_of([&] { read_prices(file); }), file + ":" + GetParam().error);
}

const std::string kEntry = "[[price]]\nmodel = \"A\"\nper-hour = 1\n";

INSTANTIATE_TEST_SUITE_P(
    All, BadPrices,
    testing::Values(
        Bad{kEntry + "modell = \"B\"\n", "4: unknown key 'modell'; did you mean 'model'?"},
        Bad{"curency = \"USD\"\n", "1: unknown key 'curency'; did you mean 'currency'?"},
        Bad{"[[prices]]\n", "1: unknown key 'prices'; did you mean 'price'?"},
        Bad{"[price]\nmodel = \"A\"\n", "1: key 'price' must be a list of tables: [[price]]"},
        Bad{"price = [1]\n", "1: key 'price' must be a list of tables: [[price]]"},
        Bad{"[[price]]\nper-hour = 1\n", "1: this [[price]] has no key 'model'"},
        Bad{"\n[[price]]\nmodel = \"A\"\n", "2: this [[price]] has no key 'per-hour'"},
        Bad{"[[price]]\nmodel = 3\nper-hour = 1\n",
            "2: key 'model' must be a text in quotes, of one line and at most 256 bytes"},
        Bad{"[[price]]\nmodel = \"\"\nper-hour = 1\n",
            "2: key 'model' must be a text in quotes, of one line and at most 256 bytes"},
        Bad{"[[price]]\nmodel = \"a\\tb\"\nper-hour = 1\n",
            "2: key 'model' must be a text in quotes, of one line and at most 256 bytes"},
        Bad{"[[price]]\nmodel = \"A\"\nper-hour = \"1\"\n", "3: key 'per-hour' must be a number"},
        Bad{"[[price]]\nmodel = \"A\"\nper-hour = true\n", "3: key 'per-hour' must be a number"},
        Bad{"[[price]]\nmodel = \"A\"\nper-hour = -0.5\n",
            "3: key 'per-hour' must be from 0 to 1000000"},
        Bad{"[[price]]\nmodel = \"A\"\nper-hour = nan\n",
            "3: key 'per-hour' must be from 0 to 1000000"},
        Bad{"[[price]]\nmodel = \"A\"\nper-hour = 1e7\n",
            "3: key 'per-hour' must be from 0 to 1000000"},
        Bad{kEntry + "currency = \"usd\"\n",
            "4: key 'currency' must be three capital letters, not 'usd'"},
        Bad{"currency = \"EURO\"\n" + kEntry,
            "1: key 'currency' must be three capital letters, not 'EURO'"},
        Bad{kEntry + "vendor = \"Acme\"\n",
            "4: key 'vendor' must be lower-case letters, digits and '-', not 'Acme'"},
        Bad{kEntry + "date = \"2026-05-24\"\n",
            "4: key 'date' must be a date without quotes, such as 2026-05-24"},
        Bad{kEntry + "source = 1\n",
            "4: key 'source' must be a text in quotes, of one line and at most 256 bytes"}));

TEST(Entries, SyntaxErrorsNameTheLine) {
  const TempDir dir;
  const std::string file = dir.write("prices.toml", "\n[[price]]\nmodel = A\n");
  EXPECT_EQ(error_of([&] { read_prices(file); }).find(file + ":3: "), 0U);
}

TEST(Entries, BadModels) {
  const TempDir dir;
  const auto error = [&](const std::string& line) {
    const std::string file = dir.write("models.toml", "[[model]]\nmodel = \"A\"\n" + line + "\n");
    const std::string text = error_of([&] { read_models(file); });
    return text.find(file) == 0 ? text.substr(file.size()) : text;
  };
  EXPECT_EQ(error("tflops-fp16 = 0"), ":3: key 'tflops-fp16' must be above 0, at most 1000000");
  EXPECT_EQ(error("tflops-fp6 = 1"), ":3: unknown key 'tflops-fp6'; did you mean 'tflops-fp16'?");
  EXPECT_EQ(error("per-hour = 1"), ":3: unknown key 'per-hour'");
  EXPECT_EQ(error(""), ":1: this [[model]] has no key 'tflops-fp16'");
}

TEST(Entries, AFileThatOthersCanWriteIsRefused) {
  const TempDir dir;
  const std::string file = dir.write("prices.toml", kEntry, 0666);
  EXPECT_NE(error_of([&] { read_prices(file); }).find(file), std::string::npos);
}

TEST(Entries, MatchModelsInAnyCaseAndVendorsAsTheyAre) {
  const auto matching = [](const std::string& model, const std::string& vendor,
                           const std::string& name) {
    ModelPattern entry;
    entry.model = model;
    entry.vendor = vendor;
    return matches(entry, device("acme:0", name));
  };
  EXPECT_TRUE(matching("Acme One", "", "ACME one"));
  EXPECT_FALSE(matching("Acme One", "", "Acme One S"));
  EXPECT_TRUE(matching("Acme One*", "", "Acme One"));
  EXPECT_TRUE(matching("*One*80GB*", "", "Acme One-X-80GB"));
  EXPECT_TRUE(matching("*one*80gb*", "acme", "One One 80 80GB"));
  EXPECT_FALSE(matching("*One*80GB*", "", "Acme One-X-40GB"));
  EXPECT_FALSE(matching("*One", "", "Acme One Two"));
  EXPECT_TRUE(matching("*", "acme", ""));
  EXPECT_FALSE(matching("*", "globex", "Acme One"));
  EXPECT_FALSE(matching("A?me One", "", "Acme One"));
}

TEST(Entries, FirstMatchCounts) {
  std::vector<PriceEntry> entries(3);
  entries[0].model = "Acme Two";
  entries[1].model = "Acme*";
  entries[2].model = "Acme One";
  EXPECT_EQ(first_match(entries, device("acme:0", "Acme One")), &entries[1]);
  EXPECT_EQ(first_match(entries, device("acme:0", "Globex")), nullptr);
}

}  // namespace
}  // namespace xpu::test
