// SPDX-License-Identifier: Apache-2.0
#include "core/spec/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"

namespace xpu {
namespace {

using testing::HasSubstr;

Node node(const std::string& path, std::uint32_t major = 10, std::uint32_t minor = 237) {
  return {path, path, 'c', major, minor};
}

Plan with_device(const std::string& path = "/dev/acme0") {
  Plan plan;
  plan.devices.push_back({node(path), ""});
  return plan;
}

Plan with_env(const std::string& name, const std::string& value) {
  Plan plan;
  plan.env.push_back({name, value, ""});
  return plan;
}

PlannedMount mount(const std::string& source, const std::string& destination) {
  return {source, destination, "bind", {"bind", "ro"}, ""};
}

Plan with_mounts(std::vector<PlannedMount> mounts) {
  Plan plan;
  plan.mounts = std::move(mounts);
  return plan;
}

// The edited document. It must be JSON that an edit can be taken out of again.
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

std::string error_of(std::string_view text, const Plan& plan) {
  try {
    const Spec spec(text, "c.json");  // not loaded: splices() checks for itself
    splices(spec, plan);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

constexpr char kDevice[] =
    R"({"path":"/dev/acme0","type":"c","major":10,"minor":237,"fileMode":438,"uid":0,"gid":0})";
constexpr char kRule[] = R"({"allow":true,"type":"c","major":10,"minor":237,"access":"rw"})";

TEST(Apply, AnEmptyPlanChangesNothing) {
  for (const char* const text :
       {"{}", R"({ "linux" : null, "mounts":[ ], "process":{"env":[]}})"}) {
    EXPECT_EQ(edited(text, Plan()), text);
  }
}

TEST(ApplyDevices, MissingParentsAreCreated) {
  const std::string device = kDevice, rule = kRule;
  const std::string both =
      "\"devices\":[" + device + "],\"resources\":{\"devices\":[" + rule + "]}";
  const std::pair<std::string, std::string> cases[] = {
      {"{}", "{\"linux\":{" + both + "}}"},
      {"{ \"a\": 1 }", "{ \"a\": 1,\"linux\":{" + both + "} }"},
      {R"({"linux":null,"z":1})", "{\"linux\":{" + both + "},\"z\":1}"},
      {R"({"linux":{ }})", "{\"linux\":{" + both + " }}"},
      {R"({"linux":{"x":[]}})", "{\"linux\":{\"x\":[]," + both + "}}"},
      {R"({"linux":{"devices":null,"resources":null}})",
       "{\"linux\":{\"devices\":[" + device + "],\"resources\":{\"devices\":[" + rule + "]}}}"},
      {R"({"linux":{"devices":[ ],"resources":{}}})",
       "{\"linux\":{\"devices\":[" + device + " ],\"resources\":{\"devices\":[" + rule + "]}}}"},
      {R"({"linux":{"resources":{"devices":null,"cpu":{}}}})",
       "{\"linux\":{\"resources\":{\"devices\":[" + rule + "],\"cpu\":{}},\"devices\":[" + device +
           "]}}"},
      {R"({"linux":{"resources":{"devices":[]},"devices":[{"path":"/dev/x"}]}})",
       "{\"linux\":{\"resources\":{\"devices\":[" + rule +
           "]},\"devices\":[{\"path\":\"/dev/x\"}," + device + "]}}"},
  };
  for (const auto& [before, after] : cases) {
    EXPECT_EQ(edited(before, with_device()), after) << before;
  }
}

TEST(ApplyDevices, TheEntryOfThatPathIsReplacedInPlace) {
  const std::string text = R"({"linux":{"devices":[
    {"path":"/dev/a"}, {"path":"/dev//x/../acme0", "type":"c","major":1,"minor":2}, {"path":"/dev/b"}]}})";
  EXPECT_EQ(edited(text, with_device()),
            R"({"linux":{"devices":[
    {"path":"/dev/a"}, )" +
                std::string(kDevice) + R"(, {"path":"/dev/b"}],"resources":{"devices":[)" + kRule +
                "]}}}");
}

TEST(ApplyDevices, DuplicatesOfThatPathGoAway) {
  const std::string tail = R"(,"resources":{"devices":[{"allow":true,"access":"rwm"}]}}})";
  const auto out = [&](const std::string& list) {
    return edited("{\"linux\":{\"devices\":[" + list + "]" + tail, with_device());
  };
  const auto expected = [&](const std::string& list) {
    return "{\"linux\":{\"devices\":[" + list + "]" + tail;
  };
  const std::string same = R"({"path":"/dev/acme0"})", a = R"({"path":"/dev/a"})", device = kDevice;
  EXPECT_EQ(out(same + ", " + same), expected(device));
  EXPECT_EQ(out(same + ", " + a + " ," + same), expected(device + ", " + a));
  EXPECT_EQ(out(a + " ," + same + " , " + same + "," + a), expected(a + " ," + device + "," + a));
}

TEST(ApplyDevices, TwoOfOnePathInThePlanAreOne) {
  Plan plan = with_device();
  plan.devices.insert(plan.devices.begin(), {node("/dev//acme0", 10, 1), ""});
  EXPECT_EQ(edited(R"({"linux":{"resources":{"devices":[{"allow":true,"access":"rwm"}]}}})", plan),
            R"({"linux":{"resources":{"devices":[{"allow":true,"access":"rwm"}]},"devices":[)" +
                std::string(kDevice) + "]}}");
}

TEST(ApplyDevices, BlockDevicesKeepTheirType) {
  Plan plan;
  plan.devices.push_back({{"/dev/store", "/dev/store", 'b', 259, 4}, ""});
  EXPECT_THAT(edited("{}", plan),
              HasSubstr(R"({"allow":true,"type":"b","major":259,"minor":4,"access":"rw"})"));
}

std::string rules_after(const std::string& rules, const Plan& plan) {
  const std::string out = edited("{\"linux\":{\"resources\":{\"devices\":[" + rules + "]}}}", plan);
  const json::Value top = json::root(out);
  const auto at = [&](const json::Value& object, const char* key) {
    return *json::find(out, object, key, "c");
  };
  return std::string(at(at(at(top, "linux"), "resources"), "devices").text);
}

TEST(ApplyRules, NoneWhereEverythingIsAllowed) {
  const std::string all = R"({"allow":false,"access":"rwm"},{"allow":true,"access":"rwm"})";
  EXPECT_EQ(rules_after(all, with_device()), cat('[', all, ']'));
}

TEST(ApplyRules, TheSameRuleIsNotDoubled) {
  for (const std::string& rule :
       {std::string(kRule),
        std::string(R"({"access":"rwm","minor":237,"major":10,"type":"c","allow":true})")}) {
    EXPECT_EQ(rules_after(rule, with_device()), cat('[', rule, ']'));
  }
}

TEST(ApplyRules, ARuleThatDoesNotHoldIsNotTheSame) {
  for (const std::string& rules :
       {std::string(kRule) + R"(,{"allow":false,"access":"rwm"})",
        std::string(R"({"allow":true,"type":"c","major":10,"minor":237,"access":"r"})"),
        std::string(R"({"allow":true,"type":"c","major":10,"minor":238,"access":"rw"})"),
        std::string(R"({"allow":true,"type":"b","major":10,"minor":237,"access":"rw"})"),
        std::string(R"({"allow":false,"type":"c","major":10,"minor":237,"access":"rw"})")}) {
    EXPECT_EQ(rules_after(rules, with_device()), cat('[', rules, ',', kRule, ']'));
  }
}

TEST(ApplyRules, RulesWithoutADeviceEntry) {
  Plan plan;
  plan.device_rules.push_back(node("/dev/acme0"));
  EXPECT_EQ(edited("{}", plan),
            "{\"linux\":{\"resources\":{\"devices\":[" + std::string(kRule) + "]}}}");
  EXPECT_EQ(edited(R"({"linux":{"a":1}})", plan),
            "{\"linux\":{\"a\":1,\"resources\":{\"devices\":[" + std::string(kRule) + "]}}}");
  plan.devices.push_back({node("/dev/acme0"), ""});
  EXPECT_EQ(rules_after("", plan), cat('[', kRule, ']'));
}

TEST(ApplyMounts, NewOnesAreAppendedInOrder) {
  const Plan plan = with_mounts({mount("/h/a", "/a"), mount("/h/b", "/a/b\"")});
  const std::string list =
      R"({"destination":"/a","type":"bind","source":"/h/a","options":["bind","ro"]},)"
      R"({"destination":"/a/b\"","type":"bind","source":"/h/b","options":["bind","ro"]})";
  EXPECT_EQ(edited("{}", plan), "{\"mounts\":[" + list + "]}");
  EXPECT_EQ(edited(R"({"mounts":null})", plan), "{\"mounts\":[" + list + "]}");
  EXPECT_EQ(edited(R"({"mounts":[]})", plan), "{\"mounts\":[" + list + "]}");
  EXPECT_EQ(edited("{\"mounts\":[ {\"destination\":\"/proc\"}\n]}", plan),
            "{\"mounts\":[ {\"destination\":\"/proc\"}," + list + "\n]}");
}

TEST(ApplyMounts, TheSameDestinationIsReplaced) {
  const std::string one =
      R"({"destination":"/a","type":"bind","source":"/h/a","options":["bind","ro"]})";
  const Plan plan = with_mounts({mount("/h/a", "/a")});
  for (const char* same : {"/a", "/a/", "//a", "/./a", "/b/../a", "a", "/../a"}) {
    const std::string head = R"({"mounts":[{"destination":"/x"}, )",
                      tail = R"(, {"destination":"/y"}]})";
    EXPECT_EQ(edited(head + "{\"destination\":\"" + same + "\"}" + tail, plan), head + one + tail);
  }
  // Of stacked mounts the last is the one that shows.
  EXPECT_EQ(
      edited(R"({"mounts":[{"destination":"/a"},{"destination":"/a","type":"tmpfs"}]})", plan),
      R"({"mounts":[{"destination":"/a"},)" + one + "]}");
}

// The destinations of the edited mounts, of those that the plan brings with a '*'.
std::string order(const std::string& spec, const std::vector<std::string>& plan) {
  std::string list;
  for (std::size_t at = 0; at < spec.size();) {
    const std::size_t end = std::min(spec.find(' ', at), spec.size());
    list += list.empty() ? "" : ", ";
    list += "{\"destination\":\"" + spec.substr(at, end - at) + "\"}";
    at = end + 1;
  }
  std::vector<PlannedMount> mounts;
  for (const std::string& path : plan) {
    mounts.push_back(mount("*", path));
  }
  const std::string out = edited("{\"mounts\":[" + list + "]}", with_mounts(mounts));
  Spec read(out, "c.json");
  read.load();
  std::string text;
  for (const SpecMount& one : read.mounts) {
    text += (text.empty() ? "" : " ") + one.source + one.destination;
  }
  return text;
}

TEST(ApplyMounts, AFolderComesBeforeWhatTheContainerMountsBelowIt) {
  EXPECT_EQ(order("/x /a/b /a/c /y", {"/a"}), "/x */a /a/b /a/c /y");
  EXPECT_EQ(order("/a/b", {"/a"}), "*/a /a/b");
  EXPECT_EQ(order("/ab /a.b /y", {"/a"}), "/ab /a.b /y */a");
  EXPECT_EQ(order("/x //a/./c/../b/ /y", {"/a"}), "/x */a //a/./c/../b/ /y");
  // A mount further above would cover it.
  EXPECT_EQ(order("/a/b/c /a /a/b/d /y", {"/a/b"}), "/a/b/c /a */a/b /a/b/d /y");
  EXPECT_EQ(order("/a/b/c /a /y", {"/a/b"}), "/a/b/c /a /y */a/b");
  // Several, in the order of the plan.
  EXPECT_EQ(order("/x /a/b/c /y", {"/a", "/q", "/a/b"}), "/x */a */a/b /a/b/c /y */q");
  EXPECT_EQ(order("/x /c/d /a/b /y", {"/a", "/c"}), "/x */c /c/d */a /a/b /y");
  // What the container itself had covered stays so.
  EXPECT_EQ(order("/a/b /a /y", {"/a"}), "/a/b */a /y");
}

TEST(ApplyMounts, AFolderComesBeforeWhatLiesInItByLinks) {
  PlannedMount folder = mount("/h", "/run/a");
  folder.holds = {"/var/run//a/b"};
  const std::string one =
      R"({"destination":"/run/a","type":"bind","source":"/h","options":["bind","ro"]},)";
  EXPECT_EQ(edited(R"({"mounts":[{"destination":"/x"},{"destination":"/var/run//a/b"}]})",
                   with_mounts({folder})),
            R"({"mounts":[{"destination":"/x"},)" + one + R"({"destination":"/var/run//a/b"}]})");
}

TEST(ApplyMounts, AFolderOfThePlanDoesNotCoverWhatThePlanMountsInIt) {
  EXPECT_EQ(order("/a/b /z", {"/a", "/a/b"}), "*/a */a/b /z");
  EXPECT_EQ(order("/a/b /z /a", {"/a", "/a/b"}), "/z */a */a/b");
  EXPECT_EQ(order("/a/b /a", {"/a", "/a/b", "/z"}), "*/a */a/b */z");
  EXPECT_EQ(order("/a/b /a /a/b/c", {"/a", "/a/b"}), "*/a */a/b /a/b/c");
  EXPECT_EQ(order("/a/b/c /a /z", {"/a", "/a/b"}), "/a/b/c */a /z */a/b");
}

TEST(ApplyEnv, ReplacesAndNeverDoubles) {
  const Plan plan = with_env("A", "new");
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", R"(["A=new"])"},
      {R"([ ])", R"(["A=new" ])"},
      {R"(null)", R"(["A=new"])"},
      {R"(["B=1"])", R"(["B=1","A=new"])"},
      {R"(["A=old"])", R"(["A=new"])"},
      {R"(["A=new"])", R"(["A=new"])"},
      {R"(["A"])", R"(["A=new"])"},
      {R"(["\u0041=old"])", R"(["A=new"])"},
      {R"(["AB=1","A=1","BA=1"])", R"(["AB=1","A=new","BA=1"])"},
      {R"(["A=1","A=2"])", R"(["A=new"])"},
      {R"([ "A=1" , "B=2" , "A=3" ])", R"([ "A=new" , "B=2" ])"},
      {R"(["B=0","A=1","A=2","C=3","A=4"])", R"(["B=0","A=new","C=3"])"},
  };
  for (const auto& [before, after] : cases) {
    const auto wrapped = [](const char* list) {
      return "{\"process\":{\"env\":" + std::string(list) + "}}";
    };
    EXPECT_EQ(edited(wrapped(before), plan), wrapped(after));
  }
  EXPECT_EQ(edited(R"({"process":{"cwd":"/"}})", plan),
            R"({"process":{"cwd":"/","env":["A=new"]}})");
}

TEST(ApplyEnv, WithoutAProcessThereIsNothingToSetItFor) {
  EXPECT_EQ(edited("{}", with_env("A", "1")), "{}");
  EXPECT_EQ(edited(R"({"process":null})", with_env("A", "1")), R"({"process":null})");
}

TEST(ApplyEnv, OfTwoInThePlanTheLastCounts) {
  Plan plan = with_env("A", "1");
  plan.env.push_back({"A", "2\n\u00e9", ""});
  EXPECT_EQ(edited(R"({"process":{"env":["A=0"]}})", plan),
            "{\"process\":{\"env\":[\"A=2\\u000a\u00e9\"]}}");
}

TEST(Apply, WrongShapesAreErrors) {
  Plan plan = with_device();
  plan.mounts.push_back(mount("/h", "/a"));
  const std::pair<const char*, const char*> cases[] = {
      {R"({"linux":[]})", "c.json: linux is not an object"},
      {R"({"linux":{"devices":{}}})", "c.json: linux.devices is not an array"},
      {R"({"linux":{"devices":[1]}})", "c.json: linux.devices[0] is not an object"},
      {R"({"linux":{"resources":1}})", "c.json: linux.resources is not an object"},
      {R"({"linux":{"resources":{"devices":"a"}}})",
       "c.json: linux.resources.devices is not an array"},
      {R"({"linux":{"resources":{"devices":[null]}}})",
       "c.json: linux.resources.devices[0] is not an object"},
      {R"({"mounts":"x"})", "c.json: mounts is not an array"},
      {R"({"mounts":[[]]})", "c.json: mounts[0] is not an object"},
      {R"({"linux":{},"Linux":{}})",
       "c.json: key \"Linux\" differs from \"linux\" in case only, and programs disagree on what "
       "it "
       "means; rename or remove it"},
      {R"({"linux":{"resources":{"devices":[],"devices":[]}}})",
       "c.json: linux.resources: key \"devices\" is there twice; remove one"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(error_of(text, plan), expected) << text;
  }
}

}  // namespace
}  // namespace xpu
