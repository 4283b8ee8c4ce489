// SPDX-License-Identifier: Apache-2.0
// prices.toml and models.toml as shipped, also against names that recorded drivers report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <regex>
#include <set>

#include "core/base/glob.h"
#include "core/figures/entries.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/figures/backends.h"

namespace xpu::test {
namespace {

template <class OneEntry>
void expect_sound(const std::vector<OneEntry>& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_FALSE(entries[i].source.empty()) << entries[i].model;
    EXPECT_FALSE(entries[i].date.empty()) << entries[i].model;
    // A '*' of the later pattern is matched by a '*' of the earlier one alone, so that the earlier
    // one matches all that the later does.
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_FALSE((entries[j].vendor.empty() || entries[j].vendor == entries[i].vendor) &&
                   matches_glob(entries[i].model, entries[j].model))
          << "line " << entries[i].line << " never counts: '" << entries[j].model << "' on line "
          << entries[j].line << " comes first";
    }
  }
}

std::vector<PriceEntry> prices() {
  return read_prices(XPU_SOURCE_DIR "/config/prices.toml");
}
std::vector<ModelEntry> models() {
  return read_models(XPU_SOURCE_DIR "/config/models.toml");
}

template <class OneEntry>
std::string pattern_for(const std::vector<OneEntry>& entries, const std::string& name) {
  const OneEntry* const found = first_match(entries, device("any:0", name));
  return found == nullptr ? "" : found->model;
}

TEST(Shipped, EveryEntryHasSourceAndDateAndCanMatch) {
  EXPECT_GE(prices().size(), 30U);
  expect_sound(prices());
  EXPECT_GE(models().size(), 60U);
  expect_sound(models());
}

TEST(Shipped, EveryPriceHasAPerformance) {
  const std::vector<ModelEntry> known = models();
  std::set<std::string> without;
  for (const PriceEntry& entry : prices()) {
    // The pattern as a name: what stands for '*' is in the middle of names or at their ends.
    if (pattern_for(known, entry.model).empty()) {
      without.insert(entry.model);
    }
  }
  EXPECT_THAT(without, testing::ElementsAre("*GeForce RTX 3060", "*Tesla V100-*-16GB",
                                            "NVIDIA RTX 4000 Ada Generation",
                                            "NVIDIA RTX PRO 6000 Blackwell Server Edition",
                                            "NVIDIA RTX PRO 6000 Blackwell*"));
}

struct Names {
  std::string name, price, model;  // patterns; "" for none
};

// As drivers report them; what looks alike is not the same.
TEST(Shipped, NamesOfDrivers) {
  const std::vector<PriceEntry> priced = prices();
  const std::vector<ModelEntry> known = models();
  for (const Names& one : std::vector<Names>{
           {"NVIDIA A100-SXM4-40GB", "*A100-SXM4-40GB", "*A100-SXM*"},
           {"NVIDIA A100-SXM4-80GB", "*A100-SXM4-80GB", "*A100-SXM*"},
           {"A100-PCIE-40GB", "*A100-PCIE-40GB", "*A100-PCIE*"},
           {"NVIDIA A100 80GB PCIe", "*A100 80GB PCIe", "*A100 80GB PCIe"},
           {"NVIDIA A100X", "", ""},
           {"NVIDIA A10", "NVIDIA A10", "NVIDIA A10"},
           {"NVIDIA A10G", "", "NVIDIA A10G"},
           {"NVIDIA L4", "NVIDIA L4", "NVIDIA L4"},
           {"NVIDIA L40", "NVIDIA L40", "NVIDIA L40"},
           {"NVIDIA L40S", "NVIDIA L40S", "NVIDIA L40S"},
           {"NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3", "NVIDIA H100 *HBM3"},
           {"NVIDIA H100 PCIe", "NVIDIA H100 PCIe", "NVIDIA H100 PCIe"},
           {"NVIDIA H200", "NVIDIA H200", "NVIDIA H200*"},
           {"NVIDIA H200 NVL", "", "NVIDIA H200 NVL"},
           {"NVIDIA H20", "", "NVIDIA H20"},
           {"NVIDIA GB200", "", "NVIDIA GB200*"},
           {"Tesla T4", "*Tesla T4", "*Tesla T4"},
           {"Tesla V100-SXM2-16GB", "*Tesla V100-*-16GB", "*Tesla V100-SXM2*"},
           {"Tesla V100-SXM2-32GB", "", "*Tesla V100-SXM2*"},
           {"NVIDIA GeForce RTX 4090", "*GeForce RTX 4090", "*GeForce RTX 4090"},
           {"NVIDIA GeForce RTX 4090 Laptop GPU", "", ""},
           {"NVIDIA GeForce RTX 5090 D", "", ""},
           {"GeForce RTX 2080 Ti", "*GeForce RTX 2080 Ti", "*GeForce RTX 2080 Ti"},
           {"NVIDIA RTX A4000", "*RTX A4000", "*RTX A4000"},
           {"Quadro RTX 4000", "*Quadro RTX 4000", "*Quadro RTX 4000"},
           {"AMD Instinct MI300X", "*Instinct MI300X*", "*Instinct MI300X*"},
           {"AMD Instinct MI300A", "", "*Instinct MI300A*"},
           {"AMD Instinct MI250X / MI250", "", "*Instinct MI250X*"},
           {"AMD Radeon RX 7900 XTX", "", "*Radeon RX 7900 XTX"},
           {"AMD Radeon RX 7900 XT", "", "*Radeon RX 7900 XT"},
           {"Radeon RX 6700/6700 XT/6750 XT", "", ""},
           {"Intel GAUDI3 HL-338", "", "Intel GAUDI3*"},
           {"Intel(R) Data Center GPU Max 1550", "", "Intel*Data Center GPU Max 1550"}}) {
    EXPECT_EQ(pattern_for(priced, one.name), one.price) << one.name;
    EXPECT_EQ(pattern_for(known, one.name), one.model) << one.name;
  }
}

// Every product name in the recorded outputs, and what matches it.
TEST(Shipped, RecordedNames) {
  const char* const own = std::getenv("XPU_FIXTURES");
  const std::string folder =
      (own != nullptr ? std::string(own) : XPU_SOURCE_DIR "/../shared/fixtures") +
      "/nvidia/smi-xml";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no fixtures (XPU_FIXTURES)";
  }
  const std::regex product("<product_name>([^<]*)</product_name>");
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string text = slurp(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), product), end; found != end;
         ++found) {
      names.insert((*found)[1]);
    }
  }
  const std::map<std::string, Names> expected = {
      {"GeForce GTX 1070 Ti", {"", "", ""}},
      {"Graphics Device", {"", "", ""}},
      {"NVIDIA A100-SXM4-40GB", {"", "*A100-SXM4-40GB", "*A100-SXM*"}},
      {"NVIDIA A100-SXM4-80GB", {"", "*A100-SXM4-80GB", "*A100-SXM*"}},
      {"NVIDIA A10G", {"", "", "NVIDIA A10G"}},
      {"NVIDIA GeForce RTX 3060", {"", "*GeForce RTX 3060", ""}},
      {"NVIDIA GeForce RTX 3080", {"", "*GeForce RTX 3080", "*GeForce RTX 3080"}},
      {"NVIDIA GeForce RTX 3090", {"", "*GeForce RTX 3090", "*GeForce RTX 3090"}},
      {"NVIDIA H100 80GB HBM3", {"", "NVIDIA H100 80GB HBM3", "NVIDIA H100 *HBM3"}},
      {"NVIDIA RTX 4000 SFF Ada Generation", {"", "", "NVIDIA RTX 4000 SFF Ada Generation"}},
      {"Quadro P2000", {"", "", ""}},
      {"Quadro P400", {"", "", ""}},
      {"Tesla T4", {"", "*Tesla T4", "*Tesla T4"}}};
  const std::vector<PriceEntry> priced = prices();
  const std::vector<ModelEntry> known = models();
  for (const std::string& name : names) {
    const auto found = expected.find(name);
    if (found == expected.end()) {
      ADD_FAILURE() << "say what '" << name << "' should match";
      continue;
    }
    EXPECT_EQ(pattern_for(priced, name), found->second.price) << name;
    EXPECT_EQ(pattern_for(known, name), found->second.model) << name;
  }
  EXPECT_GE(names.size(), 10U);
}

}  // namespace
}  // namespace xpu::test
