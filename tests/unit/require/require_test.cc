// SPDX-License-Identifier: Apache-2.0
#include "core/require/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;

class RequireTest : public ::testing::Test {
 protected:
  RequireTest() {
    Device whole;
    whole.id = "acme:0";
    whole.vendor = "acme";
    whole.name = "Anvil";
    whole.architecture = "9.0";
    whole.driver = "535.129.03";
    whole.memory_bytes = 8ULL << 30;
    whole.properties = {{"brand", "Hammer"}, {"firmware", "6.8.0-41-generic"}};
    Device part;
    part.id = "acme:0:1";
    part.vendor = "acme";
    part.parent = "acme:0";
    part.memory_bytes = 1ULL << 30;
    part.properties = {{"brand", "Tongs"}};
    catalog_.devices = {whole, part};
    catalog_.properties = {{"tools", "12.2"}, {"driver", "1"}};
  }

  std::string unmet_by(const std::string& text, std::size_t device = 0) const {
    return unmet(parse_requirement(text, "REQUIRE"), catalog_.devices[device], catalog_);
  }
  bool met(const std::string& text, std::size_t device = 0) const {
    return unmet_by(text, device).empty();
  }

  Catalog catalog_;
};

TEST_F(RequireTest, ComparesVersionsNumberByNumber) {
  for (const char* text :
       {"tools=12.2", "tools=12.2.0", "tools=012.02", "tools!=12.20", "tools>=12.2", "tools<=12.2",
        "tools>12", "tools>9.9", "tools>12.1.99", "tools<12.10", "tools<12.2.0.1", "tools<13",
        "tools<99999999999999999999999", "tools>=12.", "tools!=12"}) {
    EXPECT_TRUE(met(text)) << text;
  }
  for (const char* text :
       {"tools=12", "tools!=12.2", "tools!=12.2.0", "tools<12.2", "tools>12.2", "tools>=12.3",
        "tools>=13", "tools<=12.1", "tools<9", "tools>99999999999999999999999"}) {
    EXPECT_FALSE(met(text)) << text;
  }
}

TEST_F(RequireTest, ComparesTextInAnyCase) {
  EXPECT_TRUE(met("brand=hammer"));
  EXPECT_TRUE(met("BRAND=HAMMER"));
  EXPECT_TRUE(met("brand!=tongs"));
  EXPECT_FALSE(met("brand!=hammer"));
  EXPECT_FALSE(met("brand=hamme"));
  EXPECT_FALSE(met("brand=12"));
  EXPECT_FALSE(met("tools=twelve"));
}

TEST_F(RequireTest, TakesTheVersionAtTheFront) {
  EXPECT_TRUE(met("firmware>=6.8"));
  EXPECT_FALSE(met("firmware>6.8"));
  EXPECT_TRUE(met("firmware=6.8.0-41-GENERIC"));
  EXPECT_FALSE(met("firmware=6.8.0"));
}

TEST_F(RequireTest, KnowsWhatEveryDeviceHas) {
  for (const char* text : {"arch=9.0", "architecture>=9", "driver>=535,driver<536",
                           "memory>=8589934592", "name=anvil", "vendor=acme"}) {
    EXPECT_TRUE(met(text)) << text;
  }
}

TEST_F(RequireTest, LooksInThePartFirstThenInTheWholeThenInTheBackend) {
  EXPECT_TRUE(met("brand=tongs,memory=1073741824", 1));
  EXPECT_TRUE(met("arch=9.0,driver>=535,firmware>6", 1));
  EXPECT_TRUE(met("tools=12.2", 1));
  catalog_.devices[0].driver.clear();
  EXPECT_TRUE(met("driver=1", 1));
}

TEST_F(RequireTest, TakesSpacesAsOrAndCommasAsAnd) {
  EXPECT_TRUE(met("tools>=13 brand=hammer,driver>=535,driver<536"));
  EXPECT_TRUE(met("brand=hammer,tools>=12 nonsense=1"));
  EXPECT_FALSE(met("tools>=13,brand=hammer"));
  EXPECT_TRUE(met(""));
  EXPECT_TRUE(met(" , "));
  EXPECT_TRUE(met("  ,tools>=12,,\ttools>=13 "));
  EXPECT_TRUE(met("tools>=13\r\ntools>=12\n")) << "as files and YAML leave them";
}

TEST_F(RequireTest, SaysWhichClauseDoesNotHold) {
  EXPECT_EQ(unmet_by("tools>=13.0"), "tools>=13.0 (it has 12.2)");
  EXPECT_EQ(unmet_by("tools>=13.0 brand=tongs,driver>=535"),
            "tools>=13.0 (it has 12.2) or brand=tongs,driver>=535 (brand=tongs does not hold: it "
            "has Hammer)");
  EXPECT_EQ(unmet_by("driver>=535,driver<535.129.3"),
            "driver>=535,driver<535.129.3 (driver<535.129.3 does not hold: it has 535.129.03)");
  EXPECT_EQ(unmet_by("brand>=2"), "brand>=2 (it has Hammer, which is no version)");
  EXPECT_EQ(unmet_by("colour=red tools>=13"),
            "colour=red (it has no colour) or tools>=13 (it has 12.2); what it has is arch, "
            "architecture, brand, driver, firmware, memory, name, tools, vendor");
  EXPECT_EQ(unmet_by("colour!=red", 1).substr(0, 39), "colour!=red (it has no colour); what it");
  EXPECT_EQ(unmet_by("tools=1 tools=2 tools=3 tools=4 tools=5 tools=6 tools=7 tools=8"),
            "tools=1 (it has 12.2) or tools=2 (it has 12.2) or tools=3 (it has 12.2) or tools=4 "
            "(it has 12.2) or tools=5 (it has 12.2) or tools=6 (it has 12.2) or one of 2 more");
  EXPECT_EQ(unmet_by("brand=" + std::string(100, 'x')),
            "brand=" + std::string(58, 'x') + "... (it has Hammer)");
}

TEST_F(RequireTest, RefusesWhatItDoesNotUnderstand) {
  const auto refusal = [](const std::string& text) {
    return error_of([&] { parse_requirement(text, "REQUIRE"); });
  };
  for (const std::string text :
       {"tools", "tools>", ">=12", "=", "tools=>12", "tools==12", "tools<>12", "tools!12",
        "tools>=12>=13", "2tools=1", "to_ols=1", "brand=a=b", "tools=!"}) {
    EXPECT_EQ(refusal("arch=1 " + text),
              "REQUIRE: '" + text +
                  "' is not understood; a property, one of = != < <= > >= and a value are wanted, "
                  "such as driver>=535");
  }
  for (const std::string text : {"tools>=twelve", "tools<1.x", "tools>.5"}) {
    EXPECT_EQ(refusal(text).substr(0, 24 + text.size()), "REQUIRE: '" + text + "' is not under");
  }
  EXPECT_EQ(refusal("tools<1.x"),
            "REQUIRE: 'tools<1.x' is not understood; < is for versions, numbers with dots between "
            "them");
  EXPECT_EQ(refusal(std::string(16385, ' ')),
            "REQUIRE: a requirement is at most 16384 bytes long, and this one is 16385");
  EXPECT_EQ(refusal(std::string(16384, ' ')), "");
}

TEST(FilledIn, TakesAVersionApart) {
  EXPECT_EQ(filled_in("tools>=${major}.${minor}", "12.4.1"), "tools>=12.4");
  EXPECT_EQ(filled_in("tools>=${major}.${minor}", "12"), "tools>=12.0");
  EXPECT_EQ(filled_in("tools>=${major}.${minor}", "12."), "tools>=12.0");
  EXPECT_EQ(filled_in("tools=${value} a=${value}", "12.4.1"), "tools=12.4.1 a=12.4.1");
  EXPECT_EQ(filled_in("a=${value}", "${value}"), "a=${value}");
  EXPECT_EQ(filled_in("tools>=${major}.${minor}", "${value}${minor}.${major}"),
            "tools>=${value}${minor}.${major}")
      << "values are not looked into";
  EXPECT_EQ(filled_in("a=$", "1"), "a=$");
  EXPECT_EQ(filled_in("tools>=12", "1"), "tools>=12");
}

}  // namespace
}  // namespace xpu
