// SPDX-License-Identifier: Apache-2.0
// Ranges, words in any case, and variables about certain vendors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/request/request.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/request/said.h"

namespace xpu {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Env = std::vector<std::string>;

// A backend with a variable for each of its two vendors and one for both.
FoundBackend lab() {
  FoundBackend found;
  found.manifest.name = "lab";
  found.manifest.device_variables = {"ANVIL_DEVICES", "HAMMER_DEVICES", "LAB_DEVICES", "ANY"};
  found.manifest.variable_vendors = {{"ANVIL_DEVICES", {"anvil"}},
                                     {"HAMMER_DEVICES", {"hammer"}},
                                     {"LAB_DEVICES", {"anvil", "hammer"}}};
  return found;
}

Request parse(const Env& env, const std::vector<FoundBackend>& backends = {lab()}) {
  return parse_request(test::said(env), backends, Config(), "");
}

// "VARIABLE|prefix|name"
std::vector<std::string> selectors(const Request& request) {
  std::vector<std::string> out;
  for (const Selector& selector : request.selectors) {
    out.push_back(selector.variable + "|" + selector.backend + "|" + selector.name);
  }
  return out;
}

std::vector<std::string> names(const std::string& value) {
  std::vector<std::string> out;
  for (const Selector& selector : parse({"XPU_VISIBLE_DEVICES=" + value}).selectors) {
    out.push_back(selector.backend + (selector.backend.empty() ? "" : ":") + selector.name);
    EXPECT_EQ(selector.text, out.back());
  }
  return out;
}

std::string error_for(const std::string& variable) {
  return error_of([&] { parse({variable}); });
}

TEST(Ranges, AreTakenApart) {
  EXPECT_THAT(names("0-3"), ElementsAre("0", "1", "2", "3"));
  EXPECT_THAT(names("acme:2-3,7-7"), ElementsAre("acme:2", "acme:3", "7"));
  EXPECT_THAT(names("1,0-2,2-3,acme:1"), ElementsAre("1", "0", "2", "3", "acme:1"));
  EXPECT_THAT(selectors(parse({"ANVIL_DEVICES=0-1"})),
              ElementsAre("ANVIL_DEVICES||0", "ANVIL_DEVICES||1"));
  EXPECT_EQ(names("0-4095").size(), 4096U);
}

TEST(Ranges, AreTwoNumbersAndNothingElse) {
  for (const char* name : {"0-", "-3", "0-3-5", "0:0-3", "a-3", "0-3a", "GPU-1-2", "0--3", "-",
                           "0x0-3", "12345678-1234-1234-1234-123456789abc"}) {
    EXPECT_THAT(names(name), ElementsAre(name));
  }
}

TEST(Ranges, ThatRepeatEachOtherAreBoundedToo) {
  std::string value = "0-4095,00-4095,000-4095,0000-4095";
  EXPECT_EQ(parse({"ANVIL_DEVICES=" + value}).selectors.size(), 4096U);
  EXPECT_EQ(error_for("ANVIL_DEVICES=" + value + ",5"),
            "ANVIL_DEVICES: its ranges overlap, and hold more than 16384 indices together; write "
            "each once");
}

TEST(Ranges, AreBounded) {
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=3-0"),
            "XPU_VISIBLE_DEVICES: the range '3-0' runs backwards; write 0-3");
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=acme:7-5"),
            "XPU_VISIBLE_DEVICES: the range 'acme:7-5' runs backwards; write 5-7");
  for (const std::string range :
       {"0-4096", "1-4294967296", "0-99999999999999999999999", "99999999999999999999999-0"}) {
    EXPECT_EQ(error_for("ANVIL_DEVICES=" + range),
              "ANVIL_DEVICES: the range '" + range + "' holds more than 4096 indices");
  }
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=x,0-4095"),
            "XPU_VISIBLE_DEVICES: more than 4096 different elements; '4095' is one too many");
}

TEST(Words, CountInAnyCase) {
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=All"}).selectors[0].name, "all");
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=All"}).selectors[0].text, "All");
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=acme:ALL"}).selectors[0].name, "all");
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=None"}).kind, RequestKind::kDriversOnly);
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=None,NONE"}).selectors.size(), 1U);
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=0,None"),
            "XPU_VISIBLE_DEVICES: 'none' cannot be combined with other elements");
  for (const char* value : {"Void", "VOID", "0,voiD"}) {
    EXPECT_EQ(parse({std::string("ANVIL_DEVICES=") + value}).kind, RequestKind::kNone);
  }
}

TEST(VendorsOfVariables, AreInForceSideBySide) {
  const Request request = parse({"HAMMER_DEVICES=1", "ANVIL_DEVICES=none"});
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.variable, "ANVIL_DEVICES, HAMMER_DEVICES");
  EXPECT_THAT(request.claimed_by, ElementsAre("lab"));
  EXPECT_THAT(selectors(request), ElementsAre("ANVIL_DEVICES||none", "HAMMER_DEVICES||1"));
  EXPECT_THAT(request.selectors[0].vendors, ElementsAre("anvil"));
  EXPECT_THAT(request.selectors[1].vendors, ElementsAre("hammer"));
  EXPECT_THAT(selectors(parse({"HAMMER_DEVICES=1", "ANVIL_DEVICES=void"})),
              ElementsAre("HAMMER_DEVICES||1"));
}

TEST(VendorsOfVariables, HaveOneVariableInForceEach) {
  EXPECT_THAT(selectors(parse({"HAMMER_DEVICES=1", "LAB_DEVICES=all"})),
              ElementsAre("HAMMER_DEVICES||1"));
  EXPECT_THAT(selectors(parse({"LAB_DEVICES=all", "ANY=2"})), ElementsAre("LAB_DEVICES||all"));
  EXPECT_THAT(selectors(parse({"HAMMER_DEVICES=1", "ANY=2"})), ElementsAre("HAMMER_DEVICES||1"));
  const Request any = parse({"ANY=2"});
  EXPECT_THAT(selectors(any), ElementsAre("ANY||2"));
  EXPECT_THAT(any.selectors[0].vendors, IsEmpty());
  EXPECT_THAT(selectors(parse({"HAMMER_DEVICES=1", "XPU_VISIBLE_DEVICES=0"})),
              ElementsAre("XPU_VISIBLE_DEVICES||0"));
}

TEST(VendorsOfVariables, MayBePrefixes) {
  EXPECT_THAT(selectors(parse({"LAB_DEVICES=hammer:0-1,anvil:all,0"})),
              ElementsAre("LAB_DEVICES|hammer|0", "LAB_DEVICES|hammer|1", "LAB_DEVICES|anvil|all",
                          "LAB_DEVICES||0"));
  EXPECT_THAT(selectors(parse({"ANVIL_DEVICES=hammer:0,65:00.0"})),
              ElementsAre("ANVIL_DEVICES||hammer:0", "ANVIL_DEVICES||65:00.0"));
  EXPECT_THAT(selectors(parse({"ANY=hammer:0"})), ElementsAre("ANY||hammer:0"));
  EXPECT_EQ(error_for("LAB_DEVICES=anvil:"),
            "LAB_DEVICES: the element 'anvil:' names no device; write anvil:all or anvil:0, for "
            "example");
}

TEST(VendorsOfVariables, AreThoseOfEveryBackendThatSharesTheVariable) {
  FoundBackend twin;
  twin.manifest.name = "twin";
  twin.manifest.device_variables = {"HAMMER_DEVICES"};
  EXPECT_THAT(parse({"HAMMER_DEVICES=0"}, {lab(), twin}).selectors[0].vendors, IsEmpty());
  twin.manifest.variable_vendors = {{"HAMMER_DEVICES", {"tongs", "hammer"}}};
  const Request request = parse({"HAMMER_DEVICES=0"}, {lab(), twin});
  EXPECT_THAT(request.selectors[0].vendors, ElementsAre("hammer", "tongs"));
  EXPECT_THAT(request.claimed_by, ElementsAre("lab", "twin"));
}

TEST(VendorsOfVariables, OfARefusedBackendFailEach) {
  FoundBackend refused = lab();
  refused.refused = true;
  refused.reason = "made so";
  EXPECT_EQ(error_of([&] {
              parse({"ANVIL_DEVICES=void", "HAMMER_DEVICES=all"}, {refused});
            }),
            "HAMMER_DEVICES is set, but the backend lab, which serves it, was refused: made so");
}

}  // namespace
}  // namespace xpu
