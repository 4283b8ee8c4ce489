// SPDX-License-Identifier: Apache-2.0
#include "core/oci/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Spec loaded(std::string_view text) {
  Spec spec(text, "c.json");
  spec.load();
  return spec;
}

std::string error_of(std::string_view text) {
  try {
    loaded(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SpecEnv, IsReadByTheConstructor) {
  const Spec spec(R"({"process":{"env":["A=1","B=\u00e9\"x","C"]}})", "c.json");
  EXPECT_THAT(spec.env(), ElementsAre("A=1", "B=\u00e9\"x", "C"));
  EXPECT_EQ(spec.source(), "c.json");
}

TEST(SpecEnv, IsEmptyWhereThereIsNone) {
  for (const char* text : {"{}", R"({"process":null})", R"({"process":{}})",
                           R"({"process":{"env":null}})", R"({"process":{"env":[ ]}})"}) {
    EXPECT_TRUE(Spec(text, "c").env().empty()) << text;
  }
}

TEST(SpecEnv, ConstructorRefusesWhatHidesARequest) {
  EXPECT_THAT(error_of(R"({"Process":{"env":["A=1"]}})"), HasSubstr("c.json: key \"Process\""));
  EXPECT_THAT(error_of(R"({"process":{"env":[],"ENV":["A=1"]}})"),
              HasSubstr("c.json: process: key \"ENV\" differs from \"env\""));
  EXPECT_THAT(error_of(R"({"process":{},"process":{}})"), HasSubstr("\"process\" is there twice"));
  EXPECT_EQ(error_of(R"({"process":[]})"), "c.json: process is not an object");
  EXPECT_EQ(error_of(R"({"process":{"env":{}}})"), "c.json: process.env is not an array");
  EXPECT_EQ(error_of(R"({"process":{"env":["A=1",2]}})"), "c.json: process.env[1] is not a string");
}

TEST(SpecEnv, AMillionEntriesAreRead) {
  std::string text = R"({"process":{"env":["FIRST=1")";
  for (int i = 0; i < 1000000; ++i) {
    text += ",\"A=1\"";
  }
  text += "]}}";
  EXPECT_EQ(Spec(text, "c").env().size(), 1000001u);
}

TEST(SpecLoad, ReadsRootMountsAndUser) {
  const Spec spec = loaded(R"({
    "root": {"path": "rootfs", "readonly": true},
    "process": {"user": {"uid": 1000, "gid": 1001, "additionalGids": [44, 109]}},
    "mounts": [
      {"destination": "/proc", "type": "proc", "source": "proc"},
      {"destination": "/a", "type": "bind", "source": "/b"},
      {"destination": "/c", "source": "/d", "options": ["rbind", "ro"]}]})");
  EXPECT_EQ(spec.root_path, "rootfs");
  EXPECT_TRUE(spec.root_readonly);
  EXPECT_EQ(spec.process_uid, 1000);
  EXPECT_EQ(spec.process_gid, 1001);
  EXPECT_THAT(spec.process_groups, ElementsAre(44, 109));
  ASSERT_EQ(spec.mounts.size(), 3u);
  EXPECT_FALSE(spec.mounts[0].bind());
  EXPECT_TRUE(spec.mounts[1].bind());
  EXPECT_TRUE(spec.mounts[2].bind());
  EXPECT_EQ(spec.mounts[2].destination, "/c");
  EXPECT_THAT(spec.mounts[2].options, ElementsAre("rbind", "ro"));
}

TEST(SpecLoad, ReadsLinux) {
  const Spec spec = loaded(R"({"linux": {
    "namespaces": [{"type": "pid"}, {"type": "user"}],
    "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 4294967295, "size": 1}],
    "devices": [{"path": "/dev/x", "type": "c", "major": 10, "minor": 237}, {"path": "/dev/y"}]}})");
  EXPECT_TRUE(spec.user_namespace);
  ASSERT_EQ(spec.uid_mappings.size(), 1u);
  EXPECT_EQ(spec.uid_mappings[0].host_id, 100000u);
  EXPECT_EQ(spec.uid_mappings[0].size, 65536u);
  ASSERT_EQ(spec.gid_mappings.size(), 1u);
  EXPECT_EQ(spec.gid_mappings[0].host_id, 4294967295u);
  ASSERT_EQ(spec.devices.size(), 2u);
  EXPECT_EQ(spec.devices[0].path, "/dev/x");
  EXPECT_EQ(spec.devices[0].type, "c");
  EXPECT_EQ(spec.devices[0].major, 10);
  EXPECT_EQ(spec.devices[0].minor, 237);
  EXPECT_EQ(spec.devices[1].major, -1);
}

TEST(SpecLoad, ReadsAnnotationsInOrder) {
  const Spec spec =
      loaded(R"({"annotations": {"b": "2", "a\u0062": "x\\y", "A": "1", "a": null, "": "empty"}})");
  EXPECT_THAT(spec.annotations, ElementsAre(Pair("b", "2"), Pair("ab", "x\\y"), Pair("A", "1"),
                                            Pair("a", ""), Pair("", "empty")));
  EXPECT_TRUE(loaded("{}").annotations.empty());
  EXPECT_TRUE(loaded(R"({"annotations": null})").annotations.empty());
  EXPECT_TRUE(loaded(R"({"annotations": {}})").annotations.empty());
}

TEST(SpecLoad, ReadsTheCpusOfTheContainer) {
  const auto cpus = [](const std::string& resources) {
    return loaded("{\"linux\":{\"resources\":" + resources + "}}").cpus;
  };
  EXPECT_EQ(cpus(R"({"cpu":{"cpus":"0-3,7"}})"), "0-3,7");
  for (const char* resources : {"null", "{}", R"({"cpu":null})", R"({"cpu":{"shares":1024}})"}) {
    EXPECT_EQ(cpus(resources), "") << resources;
  }
  EXPECT_EQ(loaded("{}").cpus, "");
}

TEST(SpecLoad, NullIsAbsent) {
  const Spec spec = loaded(
      R"({"root":null,"mounts":null,"process":null,"linux":{"devices":null,"namespaces":null,
          "resources":null,"uidMappings":null}})");
  EXPECT_FALSE(spec.user_namespace);
  EXPECT_TRUE(spec.devices.empty());
}

TEST(SpecLoad, ModesDoNotBindWhoKeepsTheCapability) {
  const auto overrides = [](const std::string& user, const std::string& capabilities) {
    return loaded("{\"process\":{\"user\":" + user + ",\"capabilities\":" + capabilities + "}}")
        .process_overrides_modes;
  };
  const std::string root = R"({"uid":0})", user = R"({"uid":1000})";
  const std::string bounding = R"({"bounding":["CAP_CHOWN","CAP_DAC_OVERRIDE"]})";
  const std::string ambient = R"({"ambient":["CAP_DAC_OVERRIDE"]})";
  EXPECT_TRUE(overrides(root, bounding));
  EXPECT_FALSE(overrides(root, ambient));
  EXPECT_FALSE(overrides(user, bounding));
  EXPECT_TRUE(overrides(user, ambient));
  EXPECT_TRUE(overrides(root, R"(["CAP_DAC_OVERRIDE"])"));
  EXPECT_FALSE(overrides(user, R"(["CAP_DAC_OVERRIDE"])"));
  EXPECT_TRUE(overrides(root, "null"));
  EXPECT_FALSE(overrides(user, "null"));
}

TEST(SpecLoad, AdministersTheHostWhoHoldsTheCapabilityInEverySet) {
  const auto administers = [](const std::string& capabilities, const char* more = "") {
    return loaded("{\"process\":{\"capabilities\":" + capabilities + "}" + more + "}")
        .process_administers_host;
  };
  const std::string set = R"(":["CAP_CHOWN","CAP_SYS_ADMIN"])";
  const auto sets = [&](std::initializer_list<const char*> names) {
    std::string out = "{";
    for (const char* name : names) {
      out += (out.size() > 1 ? ",\"" : "\"") + (name + set);
    }
    return out + "}";
  };
  const std::string all = sets({"bounding", "permitted", "effective"});
  EXPECT_TRUE(administers(all));
  EXPECT_TRUE(administers(R"(["CAP_SYS_ADMIN"])"));
  EXPECT_FALSE(administers(sets({"bounding"})));
  EXPECT_FALSE(administers(sets({"permitted", "effective"})));
  EXPECT_FALSE(administers(sets({"bounding", "effective"})));
  EXPECT_FALSE(administers(sets({"bounding", "permitted", "inheritable", "ambient"})));
  EXPECT_FALSE(administers(R"(["CAP_CHOWN"])"));
  EXPECT_FALSE(administers("null"));
  EXPECT_FALSE(administers(all, R"(,"linux":{"namespaces":[{"type":"user"}]})"));
  EXPECT_TRUE(administers(all, R"(,"linux":{"namespaces":[{"type":"mount"}]})"));
  EXPECT_FALSE(loaded("{}").process_administers_host);
}

TEST(SpecLoad, AllDevicesAllowedFollowsTheRulesInOrder) {
  const auto all = [](const std::string& rules) {
    return loaded("{\"linux\":{\"resources\":{\"devices\":" + rules + "}}}").all_devices_allowed;
  };
  EXPECT_TRUE(all(R"([{"allow":true,"access":"rwm"}])"));
  EXPECT_TRUE(all(R"([{"allow":false,"access":"rwm"},{"allow":true,"type":"a","access":"mrw"}])"));
  EXPECT_TRUE(all(R"([{"allow":true,"type":"a","major":-1,"minor":-1,"access":"rwm"},
                      {"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}])"));
  EXPECT_FALSE(all(R"([{"allow":true,"access":"rwm"},{"allow":false,"access":"rwm"}])"));
  EXPECT_FALSE(all(R"([{"allow":true,"access":"rwm"},{"allow":false,"type":"c","major":10}])"));
  EXPECT_FALSE(all(R"([{"allow":true,"access":"rw"}])"));
  EXPECT_FALSE(all(R"([{"allow":true,"type":"c","access":"rwm"}])"));
  EXPECT_FALSE(all(R"([{"allow":true,"major":10,"access":"rwm"}])"));
  EXPECT_FALSE(all(R"([{"access":"rwm"}])"));
  EXPECT_FALSE(all("[]"));
  EXPECT_FALSE(all("null"));
}

TEST(SpecLoad, WrongShapesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"root":1})", "c.json: root is not an object"},
      {R"({"root":{"path":1}})", "c.json: root.path is not a string"},
      {R"({"root":{"readonly":"yes"}})", "c.json: root.readonly is not true or false"},
      {R"({"mounts":{}})", "c.json: mounts is not an array"},
      {R"({"mounts":["/a"]})", "c.json: mounts[0] is not an object"},
      {R"({"mounts":[{},{"options":[1]}]})", "c.json: mounts[1].options[0] is not a string"},
      {R"({"mounts":[{"destination":"/a\u0000b"}]})",
       "c.json: mounts[0].destination holds a NUL character"},
      {R"({"linux":[]})", "c.json: linux is not an object"},
      {R"({"linux":{"devices":[{"major":1.5}]}})",
       "c.json: linux.devices[0].major is not an integer"},
      {R"({"linux":{"uidMappings":[{"hostID":-1}]}})",
       "c.json: linux.uidMappings[0].hostID is not a user or group number"},
      {R"({"linux":{"namespaces":{}}})", "c.json: linux.namespaces is not an array"},
      {R"({"linux":{"resources":{"devices":[1]}}})",
       "c.json: linux.resources.devices[0] is not an object"},
      {R"({"linux":{"resources":{"cpu":[]}}})", "c.json: linux.resources.cpu is not an object"},
      {R"({"linux":{"resources":{"cpu":{"cpus":1}}}})",
       "c.json: linux.resources.cpu.cpus is not a string"},
      {R"({"annotations":["a"]})", "c.json: annotations is not an object"},
      {R"({"annotations":{"a":1}})", "c.json: annotations.a is not a string"},
      {R"({"annotations":{"a":"1","\u0061":"2"}})",
       "c.json: annotations: key \"a\" is there twice; remove one"},
      {R"({"process":{"capabilities":1}})", "c.json: process.capabilities is not an object"},
      {R"({"process":{"user":{"uid":"root"}}})", "c.json: process.user.uid is not an integer"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(error_of(text), expected) << text;
  }
}

TEST(SpecLoad, DuplicateAndCaseVariantKeysAreRefused) {
  EXPECT_THAT(error_of(R"({"mounts":[],"Mounts":[]})"), HasSubstr("c.json: key \"Mounts\""));
  EXPECT_THAT(error_of(R"({"linux":{"devices":[],"devices":[]}})"),
              HasSubstr("c.json: linux: key \"devices\" is there twice"));
  EXPECT_THAT(error_of(R"({"linux":{"resources":{"Devices":[]}}})"),
              HasSubstr("c.json: linux.resources: key \"Devices\""));
  EXPECT_THAT(error_of(R"({"mounts":[{"Destination":"/a"}]})"),
              HasSubstr("c.json: mounts[0]: key \"Destination\""));
}

}  // namespace
}  // namespace xpu
