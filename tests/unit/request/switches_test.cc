// SPDX-License-Identifier: Apache-2.0
// Features that a container switches on, and requirements that its image states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/request/said.h"

#include "core/request/request.h"

namespace xpu {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Env = std::vector<std::string>;

class SwitchesTest : public ::testing::Test {
 protected:
  SwitchesTest() {
    acme_.manifest.name = "acme";
    acme_.manifest.device_variables = {"ACME_DEVICES"};
    acme_.manifest.features = {
        {"rdma", {"ACME_RDMA", "OLD_RDMA"}, {"enabled", "All", "on"}, false, "", false},
        {"channels", {"ACME_CHANNELS"}, {}, true, "channel", true}};
    Requirements& requirements = acme_.manifest.requirements;
    requirements.variables = {"ACME_REQUIRE_*", "ACME_NEEDS"};
    requirements.except = {"ACME_REQUIRE_OTHER", "ACME_REQUIRE_X*"};
    requirements.disable = {"ACME_DISABLE_REQUIRE", "NO_REQUIRE"};
    requirements.rules = {{"ACME_VERSION", "ACME_REQUIRE_TOOLS", "tools>=${major}.${minor}"},
                          {"ACME_OLD", "", "tools=${value}"}};
  }

  Request parse(Env env, const std::string& devices = "ACME_DEVICES=0") const {
    env.push_back(devices);
    return parse_request(test::said(env), {acme_}, Config(), "");
  }
  std::vector<FeatureRequest> features(const std::string& variable) const {
    return parse({variable}).features;
  }
  std::string problem(const std::string& variable) const {
    const auto found = features(variable);
    return found.size() == 1 ? found[0].problem : "not one feature";
  }
  // "VARIABLE: text"
  std::vector<std::string> requirements(const Env& env) const {
    std::vector<std::string> out;
    for (const RequirementRequest& request : parse(env).requirements) {
      EXPECT_EQ(request.backend, "acme");
      EXPECT_EQ(request.disabled_by, "");
      out.push_back(request.variable + ": " + request.text);
    }
    return out;
  }

  FoundBackend acme_;
};

TEST_F(SwitchesTest, FeaturesAreSwitchedOnByTheirValues) {
  EXPECT_THAT(parse({}).features, IsEmpty());
  for (const char* value : {"enabled", "ENABLED", "all", " on "}) {
    const auto found = features(std::string("ACME_RDMA=") + value);
    ASSERT_EQ(found.size(), 1U) << value;
    EXPECT_EQ(found[0].backend, "acme");
    EXPECT_EQ(found[0].name, "rdma");
    EXPECT_THAT(found[0].items, IsEmpty());
    EXPECT_FALSE(found[0].privileged);
    EXPECT_EQ(found[0].source, std::string("ACME_RDMA=") + value);
    EXPECT_EQ(found[0].problem, "");
  }
  for (const char* value : {"", " ", "0", "false", "False", "disabled", "none", "NONE", "void"}) {
    EXPECT_THAT(features(std::string("ACME_RDMA=") + value), IsEmpty()) << value;
  }
}

TEST_F(SwitchesTest, TheFirstVariableThatIsSetCounts) {
  EXPECT_THAT(parse({"OLD_RDMA=on", "ACME_RDMA=0"}).features, IsEmpty());
  EXPECT_EQ(features("OLD_RDMA=on").at(0).source, "OLD_RDMA=on");
}

TEST_F(SwitchesTest, OddValuesAreProblems) {
  EXPECT_EQ(problem("ACME_RDMA=maybe"),
            "ACME_RDMA=maybe: enabled, All or on switches the feature rdma on; 0, false, disabled, "
            "none, void or an empty value leaves it off");
  EXPECT_EQ(problem("ACME_RDMA=on,on").substr(0, 17), "ACME_RDMA=on,on: ");
  EXPECT_EQ(problem("ACME_RDMA=" + std::string(65, 'x')).substr(0, 79),
            "ACME_RDMA=" + std::string(64, 'x') + "...: ");
}

TEST_F(SwitchesTest, AListNamesElements) {
  const auto items = [&](const std::string& value) {
    const auto found = features("ACME_CHANNELS=" + value);
    EXPECT_EQ(found.size(), 1U) << value;
    EXPECT_EQ(found.at(0).problem, "");
    EXPECT_TRUE(found.at(0).privileged);
    return found.at(0).items;
  };
  EXPECT_THAT(items("0"), ElementsAre("0"));
  EXPECT_THAT(items("channel3, 0,3,"), ElementsAre("3", "0"));
  EXPECT_THAT(items("channel"), ElementsAre("channel"));
  EXPECT_THAT(items("ALL"), ElementsAre("all"));
  EXPECT_THAT(items("1,all"), ElementsAre("all"));
  for (const char* value : {"", " ", "none", "Void", "false", "disabled"}) {
    EXPECT_THAT(features(std::string("ACME_CHANNELS=") + value), IsEmpty()) << value;
  }
}

TEST_F(SwitchesTest, AnOddListIsAProblem) {
  EXPECT_EQ(problem("ACME_CHANNELS=0,,1"),
            "ACME_CHANNELS=0,,1: the list holds an empty element; write one comma between two "
            "names");
  EXPECT_EQ(problem("ACME_CHANNELS=0,a b"),
            "ACME_CHANNELS=0,a b: 'a b' is no element of the feature channels; letters, digits, "
            "'.', '_' and '-' are wanted");
  std::string many = "ACME_CHANNELS=0";
  for (int i = 1; i < 4097; ++i) {
    many += "," + std::to_string(i);
  }
  EXPECT_EQ(problem(many).substr(many.find('=') + 65),
            "...: the list holds more than 4096 different elements");
}

TEST_F(SwitchesTest, RequirementsComeFromTheirVariables) {
  EXPECT_THAT(
      requirements({"ACME_REQUIRE_TOOLS=tools>=12 brand=x", "ACME_REQUIRE_=a=1", "ACME_NEEDS=b=2",
                    "ACME_NEEDS_NOT=c=3", "ACME_REQUIRE_OTHER=d=4", "ACME_REQUIRE_XY=e=5",
                    "ACME_REQUIRE_EMPTY=", "ACME_REQUIRE_BLANK= ,\n"}),
      ElementsAre("ACME_REQUIRE_TOOLS: tools>=12 brand=x", "ACME_REQUIRE_: a=1",
                  "ACME_NEEDS: b=2"));
  EXPECT_THAT(requirements({"ACME_NEEDS=a=1", "ACME_NEEDS=a=2"}), ElementsAre("ACME_NEEDS: a=2"));
}

TEST_F(SwitchesTest, RequirementsFollowTheRules) {
  EXPECT_THAT(requirements({"ACME_VERSION=12.4.1"}), ElementsAre("ACME_VERSION: tools>=12.4"));
  EXPECT_THAT(requirements({"ACME_VERSION=12.4", "ACME_REQUIRE_TOOLS=tools>=1"}),
              ElementsAre("ACME_REQUIRE_TOOLS: tools>=1"));
  EXPECT_THAT(requirements({"ACME_VERSION=12.4", "ACME_REQUIRE_TOOLS="}), IsEmpty());
  EXPECT_THAT(requirements({"ACME_VERSION=", "ACME_OLD=3"}), ElementsAre("ACME_OLD: tools=3"));
}

TEST_F(SwitchesTest, AVariableSwitchesTheCheckOff) {
  for (const char* value : {"true", "1", "YES", "on"}) {
    const Request request = parse({"ACME_NEEDS=a=1", std::string("NO_REQUIRE=") + value});
    ASSERT_EQ(request.requirements.size(), 1U);
    EXPECT_EQ(request.requirements[0].disabled_by, std::string("NO_REQUIRE=") + value);
  }
  for (const char* value : {"", "0", "false", "no", "2"}) {
    const Request request = parse({"ACME_NEEDS=a=1", std::string("ACME_DISABLE_REQUIRE=") + value});
    EXPECT_EQ(request.requirements.at(0).disabled_by, "") << value;
  }
}

TEST_F(SwitchesTest, OnlyARequestForDevicesHasAny) {
  for (const char* devices : {"ACME_DEVICES=none", "ACME_DEVICES=void", "PATH=/bin"}) {
    const Request request = parse({"ACME_RDMA=nonsense", "ACME_NEEDS=nonsense"}, devices);
    EXPECT_THAT(request.features, IsEmpty());
    EXPECT_THAT(request.requirements, IsEmpty());
  }
  acme_.enabled = false;
  const Request request = parse({"ACME_RDMA=on", "ACME_NEEDS=a=1"}, "XPU_VISIBLE_DEVICES=beta:0");
  EXPECT_THAT(request.features, IsEmpty());
  EXPECT_THAT(request.requirements, IsEmpty());
}

}  // namespace
}  // namespace xpu
