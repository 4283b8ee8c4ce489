// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "core/spec/apply.h"

namespace xpu {
namespace {

constexpr const char* kPath =
    R"("env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])";

std::string edited(std::string_view text, const Plan& plan) {
  Spec spec(text, "c.json");
  spec.load();
  const std::vector<json::Splice> list = splices(spec, plan);
  const std::string out = json::apply(text, list);
  Spec again(out, "edited");
  again.load();
  EXPECT_EQ(json::apply(out, json::inverse(text, list)), text);
  return out;
}

Plan with_hook(const cdi::Hook& hook) {
  Plan plan;
  plan.hooks.push_back({hook, ""});
  return plan;
}

TEST(CdiHook, ComesWithAnEnvironmentOfItsOwn) {
  EXPECT_EQ(edited("{}", with_hook({"poststop", "/bin/a", {}, {}, {}})),
            std::string(R"({"hooks":{"poststop":[{"path":"/bin/a",)") + kPath + "}]}}");
  EXPECT_EQ(edited(R"({"hooks":{"prestart":[]}})",
                   with_hook({"createContainer", "/bin/a", {"a", "\"b"}, {"C=d"}, 5})),
            R"({"hooks":{"prestart":[],"createContainer":[{"path":"/bin/a","args":["a","\"b"],)"
            R"("env":["C=d"],"timeout":5}]}})");
}

TEST(CdiHook, IsNotThereTwice) {
  const Plan plan = with_hook({"prestart", "/bin/a", {"a"}, {"C=d"}, {}});
  const std::string there =
      R"({"hooks":{"prestart":[{"path":"/bin/b"},{"path":"/bin/a","args":["a"],"env":["C=d"]}]}})";
  EXPECT_EQ(edited(there, plan), there);
  // Another environment is another hook; one without is what we make of it.
  EXPECT_EQ(edited(R"({"hooks":{"prestart":[{"path":"/bin/a","args":["a"]}]}})", plan),
            R"({"hooks":{"prestart":[{"path":"/bin/a","args":["a"]},)"
            R"({"path":"/bin/a","args":["a"],"env":["C=d"]}]}})");
  EXPECT_EQ(edited(R"({"hooks":{"prestart":[{"path":"/bin/a"}]}})",
                   with_hook({"prestart", "/bin/a", {}, {}, {}})),
            std::string(R"({"hooks":{"prestart":[{"path":"/bin/a",)") + kPath + "}]}}");
  EXPECT_EQ(edited(R"({"hooks":{"prestart":[{"path":"/bin/a","args":["other"]}]}})", plan),
            R"({"hooks":{"prestart":[{"path":"/bin/a","args":["other"]},)"
            R"({"path":"/bin/a","args":["a"],"env":["C=d"]}]}})");
}

TEST(CdiGroup, IsAddedOnce) {
  Plan plan;
  plan.gids = {{44, ""}, {5, ""}};
  EXPECT_EQ(edited(R"({"process":{"user":{"uid":1,"gid":1,"additionalGids":[5,7]}}})", plan),
            R"({"process":{"user":{"uid":1,"gid":1,"additionalGids":[5,7,44]}}})");
  EXPECT_EQ(edited(R"({"process":{"user":{}}})", plan),
            R"({"process":{"user":{"additionalGids":[44,5]}}})");
  EXPECT_EQ(edited(R"({"process":{"cwd":"/"}})", plan),
            R"({"process":{"cwd":"/","user":{"uid":0,"gid":0,"additionalGids":[44,5]}}})");
  EXPECT_EQ(edited("{}", plan), "{}");
}

TEST(CdiNetDevice, IsAMemberByItsNameOnTheHost) {
  Plan plan;
  plan.net_devices = {{{"eth1", "a"}, ""}, {{"eth2", "b"}, ""}};
  EXPECT_EQ(edited("{}", plan),
            R"({"linux":{"netDevices":{"eth1":{"name":"a"},"eth2":{"name":"b"}}}})");
  EXPECT_EQ(edited(R"({"linux":{"netDevices":{"eth1":{"name":"x"}}}})", plan),
            R"({"linux":{"netDevices":{"eth1":{"name":"a"},"eth2":{"name":"b"}}}})");
}

TEST(CdiRdt, TakesThePlaceOfTheContainers) {
  Plan plan;
  plan.rdt = cdi::Rdt{"fast", "L3:0=f", "MB:0=7", {"x"}, true, false, true};
  const std::string rdt =
      R"({"closID":"fast","l3CacheSchema":"L3:0=f","memBwSchema":"MB:0=7","schemata":["x"],)"
      R"("enableMonitoring":true,"enableMBM":true})";
  EXPECT_EQ(edited("{}", plan), R"({"linux":{"intelRdt":)" + rdt + "}}");
  EXPECT_EQ(edited(R"({"linux":{"intelRdt":{"closID":"b"}}})", plan),
            R"({"linux":{"intelRdt":)" + rdt + "}}");
}

TEST(CdiNode, HasTheModeOwnerAndRuleOfItsFile) {
  const auto plan_of = [](const NodeTerms& terms, char type = 'c') {
    Plan plan;
    Node node{"/dev/a", "/dev/a", type, 10, 237};
    node.terms = std::make_shared<const NodeTerms>(terms);
    plan.devices.push_back({node, ""});
    return plan;
  };
  EXPECT_EQ(edited("{}", plan_of({"rm", 0640, 5, 44, false})),
            R"({"linux":{"devices":[{"path":"/dev/a","type":"c","major":10,"minor":237,)"
            R"("fileMode":416,"uid":5,"gid":44}],"resources":{"devices":[{"allow":true,)"
            R"("type":"c","major":10,"minor":237,"access":"rm"}]}}})");
  // No rule at all, and none for what is no device.
  for (const auto& [access, type] : {std::pair("", 'c'), std::pair("", 'p')}) {
    EXPECT_THAT(edited("{}", plan_of({access, {}, {}, {}, true}, type)),
                testing::Not(testing::HasSubstr("resources")));
  }
  EXPECT_THAT(edited("{}", plan_of({"", {}, {}, {}, true}, 'p')),
              testing::HasSubstr(R"({"path":"/dev/a","type":"p","fileMode":438,"uid":0,"gid":0})"));
  // Two names of one device have one rule.
  Plan two = plan_of({"r", {}, {}, {}, true});
  two.devices.push_back(two.devices[0]);
  two.devices[1].node.container_path = "/dev/b";
  two.devices[1].node.terms = std::make_shared<const NodeTerms>(NodeTerms{"w", {}, {}, {}, true});
  EXPECT_THAT(edited("{}", two), testing::HasSubstr(R"("minor":237,"access":"rw"}]})"));
  // A rule for less than that is not enough.
  const std::string less =
      R"({"linux":{"resources":{"devices":[{"allow":true,"type":"c","major":10,"minor":237,)"
      R"("access":"rw"}]}}})";
  EXPECT_THAT(edited(less, plan_of({"rwm", {}, {}, {}, false})),
              testing::HasSubstr(R"("access":"rwm")"));
  EXPECT_THAT(edited(less, plan_of({"rw", {}, {}, {}, false})),
              testing::Not(testing::HasSubstr(R"("access":"rw"},{"allow")")));
}

}  // namespace
}  // namespace xpu
