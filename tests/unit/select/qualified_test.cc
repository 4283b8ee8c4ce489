// SPDX-License-Identifier: Apache-2.0
#include "core/select/qualified.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/select/select.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/select/fakes.h"

namespace xpu {
namespace {

using test::backend;
using test::broken;
using test::device;
using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Backends = std::vector<BackendStatus>;

class QualifiedName : public testing::Test {
 protected:
  QualifiedName() {
    config_.file = "/etc/x.toml";
    config_.cdi_spec_dirs = {dir_ / "cdi"};
    config_.state_dir = dir_ / "state";
    BackendStatus acme = backend("acme", {device("acme", "0"), device("acme", "1")});
    acme.catalog.devices[1].uuid = "ACME-1";
    acme.found.manifest.cdi_kinds = {{"acme.com/anvil", "", {}}};
    BackendStatus beta = backend("beta", {device("beta", "0"), device("gamma", "0")});
    beta.catalog.devices[1].kind = DeviceKind::kNpu;
    beta.found.manifest.cdi_kinds = {{"beta.com/npu", "gamma", {DeviceKind::kNpu}}};
    backends_ = {acme, beta};
  }

  void write(const std::string& name, const std::string& edits,
             const std::string& kind = "other.com/thing", const std::string& common = "{}") const {
    dir_.write("cdi/" + name, R"({"cdiVersion":"1.1.0","kind":")" + kind +
                                  R"(","devices":[{"name":"one","containerEdits":)" + edits +
                                  R"(},{"name":"two","containerEdits":{"env":["TWO=2"]}}],)" +
                                  R"("containerEdits":)" + common + "}");
  }

  // With the backends of the request in `resolved_`.
  Selection chosen(const std::string& list) {
    Request request = test::request_of({"XPU_VISIBLE_DEVICES=" + list}, backends_, config_);
    resolved_ = backends_;
    resolve_names(request, resolved_, config_);
    return select(request, resolved_, config_);
  }
  std::string ids(const std::string& list) {
    std::string out;
    for (const SelectedBackend& selected : chosen(list).backends) {
      for (const std::string& id : selected.devices) {
        out += (out.empty() ? "" : " ") + id;
      }
    }
    return out;
  }
  std::string error(const std::string& list) {
    return error_of([&] { chosen(list); });
  }
  Edits edits_of(const std::string& list) {
    const Selection selection = chosen(list);
    return edits(selection, resolved_);
  }

  test::TempDir dir_;
  Config config_;
  Backends backends_, resolved_;
};

TEST_F(QualifiedName, IsABackendsDeviceWhereItsKindIs) {
  EXPECT_EQ(ids("acme.com/anvil=0"), "acme:0");
  EXPECT_EQ(ids("xpu.dev/acme=1"), "acme:1");
  EXPECT_EQ(ids("xpu.dev/gamma=all"), "gamma:0");
  EXPECT_EQ(ids("acme.com/anvil=ACME-1"), "acme:1");
  EXPECT_EQ(ids("acme.com/anvil=all"), "acme:0 acme:1");
  EXPECT_EQ(ids("beta.com/npu=all"), "gamma:0");
  EXPECT_EQ(ids("beta.com/npu=0,xpu.dev/beta=0"), "beta:0 gamma:0");
  EXPECT_EQ(ids("acme.com/anvil=0,gamma:0"), "acme:0 gamma:0");
}

TEST_F(QualifiedName, OfABackendGoesBeforeAFile) {
  write("old.json", R"({"env":["OLD=1"]})", "acme.com/anvil");
  dir_.write("cdi/zero.json", R"({"cdiVersion":"0.6.0","kind":"acme.com/anvil","devices":)"
                              R"([{"name":"0","containerEdits":{"env":["OLD=0"]}}]})");
  EXPECT_EQ(ids("acme.com/anvil=0"), "acme:0");
  EXPECT_EQ(ids("acme.com/anvil=one"), "acme.com/anvil=one");  // which no backend has
  config_.mode = "cdi";
  EXPECT_EQ(ids("acme.com/anvil=0"), "acme.com/anvil=0");
}

TEST_F(QualifiedName, IsLookedUpInFilesOtherwise) {
  write("a.json", R"({"env":["ONE=1"]})", "other.com/thing", R"({"env":["BOTH=yes"]})");
  EXPECT_EQ(ids("other.com/thing=one,other.com/thing=two"),
            "other.com/thing=one other.com/thing=two");
  const Edits both = edits_of("other.com/thing=two");
  ASSERT_THAT(both.env, SizeIs(2));
  EXPECT_EQ(both.env[0].item, (EnvVar{"BOTH", "yes"}));
  EXPECT_EQ(both.env[0].why, "backend cdi:" + (dir_ / "cdi/a.json"));
  EXPECT_EQ(both.env[1].item, (EnvVar{"TWO", "2"}));
  EXPECT_EQ(both.env[1].why, "device other.com/thing=two");
  // Beside devices of a backend.
  EXPECT_EQ(ids("other.com/thing=one,acme.com/anvil=0"), "acme:0 other.com/thing=one");
  EXPECT_EQ(ids("other.com/thing=one,acme:0"), "acme:0 other.com/thing=one");
}

TEST_F(QualifiedName, ThatIsNowhereIsAnError) {
  write("a.json", R"({"env":["ONE=1"]})");
  dir_.write("cdi/bad.yaml", "a: [");
  EXPECT_EQ(error("other.com/thing=three"),
            "no CDI file in " + (dir_ / "cdi") + " defines other.com/thing=three; of " +
                "other.com/thing there are one, two; " + (dir_ / "cdi/bad.yaml") +
                ":2: not YAML: did not find expected node content");
  EXPECT_EQ(error("acme.com/anvil=7"),
            "XPU_VISIBLE_DEVICES: 'acme.com/anvil=7' is not a device of this host; there are "
            "acme:0, acme:1");
  EXPECT_EQ(error("other.com/thing=-"),
            "XPU_VISIBLE_DEVICES: 'other.com/thing=-' is no qualified name of a CDI device, such "
            "as vendor.com/class=name");
  backends_[0] = broken("acme", BackendState::kFailed, "it hung");
  backends_[0].found.manifest.cdi_kinds = {{"acme.com/anvil", "", {}}};
  EXPECT_EQ(
      error("acme.com/anvil=0"),
      "XPU_VISIBLE_DEVICES: 'acme.com/anvil=0' is not a device of this host; the backend acme "
      "failed: it hung");
}

TEST_F(QualifiedName, IsJudgedLikeEveryDevice) {
  write("a.json", R"({"env":["ONE=1"]})");
  Request request =
      test::request_of({"XPU_VISIBLE_DEVICES=other.com/thing=one"}, backends_, config_);
  resolve_names(request, backends_, config_);
  Situation situation;
  situation.policy.vendors = {"acme"};
  EXPECT_EQ(error_of([&] { select(request, backends_, config_, situation); }),
            "XPU_VISIBLE_DEVICES: 'other.com/thing=one': the device other.com/thing=one is of "
            "other.com, which no container is given; [policy] allow-vendors says so");
  situation.policy.vendors = {"other.com"};
  situation.policy.deny_devices = {"other.com/thing=one"};
  EXPECT_THAT(error_of([&] { select(request, backends_, config_, situation); }),
              HasSubstr("[policy] deny-devices says so"));
}

// Gives the backends nodes of their own, and one that all of the first one's share.
class HardwareBehindNames : public QualifiedName {
 protected:
  static Node node(unsigned minor, const char* name = "/dev/null") {
    return {name, name, 'c', 240, minor};
  }
  static std::string json(const std::vector<unsigned>& minors) {
    std::string out;
    for (const unsigned minor : minors) {
      out += (out.empty() ? "" : ",") + std::string(R"({"type":"c","major":240,"minor":)") +
             std::to_string(minor) + R"(,"path":"/dev/x)" + std::to_string(minor) + "\"}";
    }
    return R"({"deviceNodes":[)" + out + "]}";
  }

  HardwareBehindNames() {
    Catalog& acme = backends_[0].catalog;
    acme.devices.push_back(device("acme", "1:0"));
    acme.devices.push_back(device("acme", "1:1"));
    acme.edits.push_back({{}, {node(100)}, {}, {}, {}, {}, {}, {}, {}});
    const auto give = [&](const std::string& id, const std::vector<Node>& nodes) {
      EditGroup group;
      group.scope.device = id;
      group.nodes = nodes;
      acme.edits.push_back(group);
    };
    give("acme:0", {node(0), node(50)});
    give("acme:1", {node(1), node(50)});
    give("acme:1:0", {node(1), node(10)});
    give("acme:1:1", {node(1), node(11)});
  }

  Selection select_with(const std::string& list, const Situation& situation) {
    Request request = test::request_of({"XPU_VISIBLE_DEVICES=" + list}, backends_, config_);
    resolved_ = backends_;
    resolve_names(request, resolved_, config_);
    return select(request, resolved_, config_, situation);
  }
  std::string held(const std::string& list) {
    std::string out;
    for (const Device* one : devices_held(select_with(list, {}), resolved_)) {
      out += (out.empty() ? "" : " ") + one->id;
    }
    return out;
  }
  std::string refused(const std::string& list, const Situation& situation) {
    return error_of([&] { select_with(list, situation); });
  }
};

TEST_F(HardwareBehindNames, IsWhatTheContainerHolds) {
  write("a.json", json({0}), "acme.com/anvil");
  EXPECT_EQ(held("acme.com/anvil=one"), "acme:0");
  EXPECT_EQ(held("acme.com/anvil=one,acme.com/anvil=two,acme:0"), "acme:0 acme.com/anvil=two");
  write("a.json", json({50, 100}), "acme.com/anvil");  // neither is one device's alone
  EXPECT_EQ(held("acme.com/anvil=one"), "acme.com/anvil=one");
  write("a.json", json({1, 10}), "acme.com/anvil");
  EXPECT_EQ(held("acme.com/anvil=one"), "acme:1:0");
  write("a.json", json({1}), "acme.com/anvil");
  EXPECT_EQ(held("acme.com/anvil=one"), "acme:1");
  write("a.json", json({2}), "acme.com/anvil", json({0, 1, 11}));
  EXPECT_EQ(held("acme.com/anvil=one"), "acme:0 acme:1:1");
  // Also under another's name, where the backend is at hand.
  EXPECT_EQ(held("acme.com/anvil=two"), "acme:0 acme:1:1");
  write("b.json", json({0}), "other.com/thing");
  EXPECT_EQ(held("other.com/thing=one"), "acme:0");
  backends_[0].state = BackendState::kFailed;
  EXPECT_EQ(held("acme.com/anvil=one"), "acme.com/anvil=one");
}

TEST_F(HardwareBehindNames, NeedsTheBackendOfTheKindWhereOnlyFilesAreAsked) {
  config_.mode = "cdi";
  config_.cdi_default_kind = "beta.com/npu";
  const auto needed = [&](const std::string& list) {
    std::vector<FoundBackend> found;
    for (const BackendStatus& backend : backends_) {
      found.push_back(backend.found);
    }
    return backends_needed(test::request_of({"XPU_VISIBLE_DEVICES=" + list}, backends_, config_),
                           found, config_);
  };
  EXPECT_THAT(needed("acme.com/anvil=one"), testing::Optional(ElementsAre("acme")));
  EXPECT_THAT(needed("0"), testing::Optional(ElementsAre("beta")));
  EXPECT_EQ(needed("other.com/thing=one"), std::nullopt);
}

TEST_F(HardwareBehindNames, CountsAgainstTheLimit) {
  write("a.json", json({0, 1}), "acme.com/anvil");
  Situation situation;
  situation.policy.max_devices = 1;
  EXPECT_THAT(refused("acme.com/anvil=one", situation),
              HasSubstr("asks for 2 devices, and a container may have 1"));
  EXPECT_EQ(refused("acme.com/anvil=two", situation), "");
}

TEST_F(HardwareBehindNames, IsHeldByOneContainer) {
  write("a.json", json({0}), "acme.com/anvil");
  config_.mode = "cdi";
  Situation situation;
  situation.holdings =
      Holdings({{"c1", "/run/runc", 1, 1, true, 1'700'000'000, {{"acme:0", "acme:0", ""}}, 0}}, {});
  EXPECT_THAT(refused("acme.com/anvil=one", situation),
              HasSubstr("the device acme.com/anvil=one is acme:0, which is held exclusively by "
                        "container c1"));
  EXPECT_EQ(refused("acme.com/anvil=two", situation), "");
}

TEST_F(HardwareBehindNames, IsWhatPolicyIsAbout) {
  write("a.json", json({0}), "acme.com/anvil");
  write("b.json", json({0}), "beta.com/npu");
  for (const char* const mode : {"auto", "cdi"}) {
    config_.mode = mode;
    Situation situation;
    Policy& policy = situation.policy;
    const std::string intro =
        "XPU_VISIBLE_DEVICES: 'acme.com/anvil=one': the device acme.com/anvil=one ";
    policy.deny_devices = {"acme:0"};
    EXPECT_EQ(refused("acme.com/anvil=one", situation),
              intro + "is acme:0, which is kept from containers; [policy] deny-devices says so");
    EXPECT_EQ(refused("acme.com/anvil=two", situation), "");
    // By vendor, also where nobody knows what it is.
    policy.deny_devices = {"ACME"};
    EXPECT_EQ(refused("acme.com/anvil=two", situation),
              "XPU_VISIBLE_DEVICES: 'acme.com/anvil=two': the device acme.com/anvil=two is kept "
              "from containers; [policy] deny-devices says so");
    policy.deny_devices = {"acme:two"};
    EXPECT_THAT(refused("acme.com/anvil=two", situation), HasSubstr("is kept from containers"));
    policy.deny_devices = {"acme.com/anvil=two"};
    EXPECT_THAT(refused("acme.com/anvil=two", situation), HasSubstr("is kept from containers"));
    policy.deny_devices.clear();
    policy.vendors = {"beta"};
    EXPECT_EQ(refused("acme.com/anvil=two", situation),
              "XPU_VISIBLE_DEVICES: 'acme.com/anvil=two': the device acme.com/anvil=two is of "
              "acme, which no container is given; [policy] allow-vendors says so");
    EXPECT_EQ(refused("acme.com/anvil=one", situation),
              intro +
                  "is acme:0, which is of acme, which no container is given; [policy] "
                  "allow-vendors says so");
    policy.vendors = {"acme"};
    EXPECT_EQ(refused("acme.com/anvil=one,acme.com/anvil=two", situation), "");
    EXPECT_THAT(refused("beta.com/npu=two", situation), HasSubstr("is of gamma, which no"));
    policy.vendors = {"acme.com"};  // as it says itself
    EXPECT_EQ(refused("acme.com/anvil=two", situation), "");
    policy.vendors.clear();
    policy.allow_devices = {"acme:0"};
    EXPECT_EQ(refused("acme.com/anvil=one", situation), "");
    EXPECT_THAT(refused("acme.com/anvil=two", situation),
                HasSubstr("is not among the devices that containers are given"));
    policy.allow_devices = {"acme"};
    EXPECT_EQ(refused("acme.com/anvil=two", situation), "");
  }
  // A backend that cannot say what it has keeps its name.
  backends_[0] = broken("acme", BackendState::kFailed, "it hung");
  backends_[0].found.manifest.cdi_kinds = {{"acme.com/anvil", "", {}}};
  Situation situation;
  situation.policy.deny_devices = {"acme"};
  EXPECT_THAT(refused("acme.com/anvil=one", situation), HasSubstr("is kept from containers"));
}

TEST_F(QualifiedName, IsNoPartOfAll) {
  write("a.json", R"({"env":["ONE=1"]})");
  EXPECT_EQ(ids("all,other.com/thing=one"), "acme:0 acme:1 beta:0 gamma:0 other.com/thing=one");
}

TEST_F(QualifiedName, TakesNumbersOfNodesFromTheHost) {
  std::filesystem::create_directories(dir_ / "dev");
  const std::string node = dir_ / "dev/thing0";
  if (::mknod(node.c_str(), S_IFCHR | 0600, makedev(10, 237)) != 0) {
    GTEST_SKIP() << "cannot make device nodes";
  }
  write("a.json", R"({"deviceNodes":[{"path":"/dev/thing0","hostPath":")" + node + R"("}]})");
  const Edits given = edits_of("other.com/thing=one");
  ASSERT_THAT(given.nodes, SizeIs(1));
  const Node& found = given.nodes[0].item;
  EXPECT_EQ(found.host_path, node);
  EXPECT_EQ(found.container_path, "/dev/thing0");
  EXPECT_EQ(found.type, 'c');
  EXPECT_EQ(found.major, 10U);
  EXPECT_EQ(found.minor, 237U);
  ASSERT_NE(found.terms, nullptr);
  EXPECT_EQ(*found.terms, NodeTerms{});

  write("a.json",
        R"({"deviceNodes":[{"path":"/dev/thing0","type":"b","hostPath":")" + node + R"("}]})");
  EXPECT_EQ(error("other.com/thing=one"),
            (dir_ / "cdi/a.json") + ": device one: " + node + " is no block device");
  write("a.json", R"({"deviceNodes":[{"path":")" + (dir_ / "cdi/a.json") + R"("}]})");
  EXPECT_EQ(error("other.com/thing=one"), (dir_ / "cdi/a.json") + ": device one: " +
                                              (dir_ / "cdi/a.json") + " is no device node");
  write("a.json", R"({"deviceNodes":[{"path":"/dev/no-such-thing"}]})");
  EXPECT_EQ(error("other.com/thing=one"), (dir_ / "cdi/a.json") +
                                              ": device one: cannot look up the device node "
                                              "/dev/no-such-thing: No such file or directory");
  // The other device of the file does not need that node.
  EXPECT_EQ(ids("other.com/thing=two"), "other.com/thing=two");
}

TEST_F(QualifiedName, MayNumberANodeThatTheHostLacks) {
  write("a.json", R"({"deviceNodes":[{"path":"/dev/thing0","type":"u","major":240,"minor":3,)"
                  R"("fileMode":384,"permissions":"none","uid":5}]})");
  const Node found = edits_of("other.com/thing=one").nodes.at(0).item;
  EXPECT_EQ(found.type, 'c');
  EXPECT_EQ(found.major, 240U);
  EXPECT_EQ(found.minor, 3U);
  EXPECT_EQ(*found.terms, (NodeTerms{"", 0600, 5, std::nullopt, true}));
}

TEST_F(QualifiedName, TakesTheTypeFromTheHostAndTheNumberFromTheFile) {
  const auto found = [&](const std::string& more) {
    write("a.json", R"({"deviceNodes":[{"path":"/dev/x","hostPath":"/dev/null")" + more + "}]}");
    return edits_of("other.com/thing=one").nodes.at(0).item;
  };
  const Node numbered = found(R"(,"major":240,"minor":3)");
  EXPECT_EQ(numbered.type, 'c');
  EXPECT_EQ(numbered.major, 240U);
  EXPECT_EQ(numbered.minor, 3U);
  EXPECT_TRUE(numbered.terms->numbered);
  EXPECT_EQ(found(R"(,"major":240)").minor, 0U);
  // No device has the major number 0: it is as if it were not there.
  for (const char* const none :
       {R"(,"major":0,"minor":7)", R"(,"type":"c","major":0,"minor":7)", R"(,"minor":7)"}) {
    const Node node = found(none);
    EXPECT_EQ(node.major, 1U) << none;
    EXPECT_EQ(node.minor, 3U) << none;
    EXPECT_FALSE(node.terms->numbered) << none;
  }
  write("a.json", R"({"deviceNodes":[{"path":"/dev/no-such-thing","major":240,"minor":3}]})");
  EXPECT_EQ(error("other.com/thing=one"), (dir_ / "cdi/a.json") +
                                              ": device one: cannot look up the device node "
                                              "/dev/no-such-thing: No such file or directory");
}

TEST_F(QualifiedName, GivesTheAccessThatEitherWants) {
  const auto node = [](const char* permissions) {
    return std::string(
               R"({"deviceNodes":[{"path":"/dev/x","hostPath":"/dev/null","permissions":")") +
           permissions + R"("}]})";
  };
  write("a.json", node("r"));
  write("b.json", node("w"), "other.com/more");
  const Edits given = edits_of("other.com/thing=one,other.com/more=one");
  ASSERT_THAT(given.nodes, SizeIs(1));
  EXPECT_EQ(given.nodes[0].item.terms->access, "rw");
}

TEST_F(QualifiedName, BringsWhatOnlyCdiHas) {
  write("a.json",
        R"({"mounts":[{"hostPath":"/etc","containerPath":"/x"}],"additionalGids":[44],)"
        R"("hooks":[{"hookName":"poststop","path":"/bin/true"}],)"
        R"("netDevices":[{"hostInterfaceName":"lo","name":"in0"}],"intelRdt":{"closID":"a"}})",
        "other.com/thing", R"({"additionalGids":[44,5]})");
  const Edits given = edits_of("other.com/thing=one");
  ASSERT_THAT(given.mounts, SizeIs(1));
  EXPECT_EQ(given.mounts[0].item.container_path, "/x");
  ASSERT_THAT(given.hooks, SizeIs(1));
  EXPECT_EQ(given.hooks[0].item.path, "/bin/true");
  ASSERT_THAT(given.net_devices, SizeIs(1));
  EXPECT_EQ(given.net_devices[0].item.name, "in0");
  ASSERT_THAT(given.gids, SizeIs(2));
  ASSERT_TRUE(given.rdt.has_value());
  EXPECT_EQ(given.rdt->item.clos_id, "a");
}

TEST_F(QualifiedName, RefusesHooksThatOthersCouldWrite) {
  const std::string hook = dir_.write("hook", "#!/bin/sh\n", 0777);
  write("a.json", R"({"hooks":[{"hookName":"poststop","path":")" + hook + R"("}]})");
  EXPECT_THAT(error("other.com/thing=one"), HasSubstr("the hook poststop cannot be run: refusing"));
  EXPECT_EQ(ids("other.com/thing=two"), "other.com/thing=two");
  config_.cdi_allow_untrusted = true;
  EXPECT_EQ(ids("other.com/thing=one"), "other.com/thing=one");
}

TEST_F(QualifiedName, GivesTheVariableThatComesLaterInTheRequest) {
  const auto same = [&](const std::string& list) {
    for (const Wanted<EnvVar>& one : edits_of(list).env) {
      if (one.item.name == "SAME") {
        return one.item.value + " of " + one.why;
      }
    }
    return std::string();
  };
  dir_.write("cdi/a.json", R"({"cdiVersion":"0.6.0","kind":"other.com/thing","devices":[)"
                           R"({"name":"one","containerEdits":{"env":["SAME=1"]}},)"
                           R"({"name":"two","containerEdits":{"env":["SAME=2","SAME=22"]}},)"
                           R"({"name":"three","containerEdits":{"env":["THREE=3"]}}],)"
                           R"("containerEdits":{"env":["SAME=all"]}})");
  write("b.json", R"({"env":["SAME=b"]})", "other.com/more");
  const std::string thing = "other.com/thing=", more = "other.com/more=one";
  EXPECT_EQ(same(thing + "three"), "all of backend cdi:" + (dir_ / "cdi/a.json"));
  // What a device says counts more than what all of its file do.
  EXPECT_EQ(same(thing + "one"), "1 of device other.com/thing=one");
  EXPECT_EQ(same(thing + "two"), "22 of device other.com/thing=two");
  EXPECT_EQ(same(thing + "one," + thing + "two"), "22 of device other.com/thing=two");
  EXPECT_EQ(same(thing + "two," + thing + "one"), "1 of device other.com/thing=one");
  EXPECT_EQ(same(thing + "one," + more), "b of device other.com/more=one");
  EXPECT_EQ(same(more + "," + thing + "one"), "1 of device other.com/thing=one");
  EXPECT_EQ(same(more + "," + thing + "three"), "all of backend cdi:" + (dir_ / "cdi/a.json"));
  EXPECT_EQ(same(thing + "one," + more + "," + thing + "two"), "22 of device other.com/thing=two");
  EXPECT_EQ(same(thing + "one," + more + "," + thing + "three"), "b of device other.com/more=one");
  // A backend's is no matter of order.
  EditGroup group;
  group.scope.device = "acme:0";
  group.env = {{"SAME", "0"}};
  backends_[0].catalog.edits = {group};
  EXPECT_EQ(error_of([&] { same("acme:0," + thing + "one"); }),
            "device acme:0 and backend cdi:" + (dir_ / "cdi/a.json") +
                " cannot be given together: one wants the variable SAME to be '0', the other "
                "'all'");
}

TEST_F(QualifiedName, NamesOneDeviceOnceThatContradictsItself) {
  write("a.json", R"({"mounts":[{"hostPath":"/etc","containerPath":"/x"},)"
                  R"({"hostPath":"/usr","containerPath":"/x"}]})");
  EXPECT_EQ(error_of([&] { edits_of("other.com/thing=one"); }),
            "device other.com/thing=one cannot be given: it wants /x to be both a mount of /etc "
            "and a mount of /usr");
}

TEST_F(QualifiedName, TellsOfTwoOwnersOfANode) {
  const auto node = [](const std::string& more) {
    return R"({"deviceNodes":[{"path":"/dev/x","hostPath":"/dev/null")" + more + "}]}";
  };
  write("a.json", node(R"(,"fileMode":432,"gid":44)"));
  write("b.json", node(R"(,"fileMode":384,"uid":7)"), "other.com/more");
  const Edits given = edits_of("other.com/thing=one,other.com/more=one");
  ASSERT_THAT(given.nodes, SizeIs(1));
  EXPECT_EQ(*given.nodes[0].item.terms, (NodeTerms{"rwm", 0600, 7, 44, false}));
  ASSERT_THAT(given.notes, SizeIs(1));
  EXPECT_TRUE(given.notes[0].item.warning);
  EXPECT_EQ(given.notes[0].item.text,
            "device other.com/thing=one and device other.com/more=one differ in how /dev/x stands "
            "in the container: mode 0660, owner -:44 and mode 0600, owner 7:-; it gets what device "
            "other.com/more=one says");
  EXPECT_EQ(*edits_of("other.com/more=one,other.com/thing=one").nodes[0].item.terms,
            (NodeTerms{"rwm", 0660, 7, 44, false}));
  // What only one of them says is no matter of dispute.
  write("b.json", node(R"(,"uid":7)"), "other.com/more");
  EXPECT_THAT(edits_of("other.com/thing=one,other.com/more=one").notes, IsEmpty());
  // A backend's node stays open to everybody.
  EditGroup group;
  group.scope.device = "acme:0";
  group.nodes = {{"/dev/null", "/dev/x", 'c', 1, 3}};
  backends_[0].catalog.edits = {group};
  const Edits both = edits_of("other.com/thing=one,acme:0");
  EXPECT_EQ(*both.nodes[0].item.terms, (NodeTerms{"rwm", 0666, std::nullopt, 44, false}));
  ASSERT_THAT(both.notes, SizeIs(1));
  EXPECT_THAT(both.notes[0].item.text, HasSubstr("it gets what device acme:0 says"));
  write("a.json", node(""));
  EXPECT_EQ(*edits_of("other.com/thing=one,acme:0").nodes[0].item.terms, NodeTerms{});
}

TEST_F(QualifiedName, DoesNotMixWhatDiffers) {
  write("a.json", R"({"intelRdt":{"closID":"a"}})");
  write("b.json", R"({"intelRdt":{"closID":"b"}})", "other.com/more");
  EXPECT_EQ(error_of([&] { edits_of("other.com/thing=one,other.com/more=one"); }),
            "device other.com/thing=one and device other.com/more=one cannot be given together: "
            "their members intelRdt differ");
}

TEST_F(QualifiedName, InModeCdiNeedsAKind) {
  config_.mode = "cdi";
  write("a.json", R"({"env":["ONE=1"]})");
  EXPECT_EQ(error("one"),
            "XPU_VISIBLE_DEVICES: 'one' has no kind, and mode = \"cdi\" knows devices by names "
            "such as vendor.com/class=one; set default-kind in [cdi]");
  config_.cdi_default_kind = "other.com/thing";
  EXPECT_EQ(ids("one,two"), "other.com/thing=one other.com/thing=two");
  EXPECT_THAT(error("all"), HasSubstr("defines other.com/thing=all"));
  EXPECT_EQ(error("one/two"), "XPU_VISIBLE_DEVICES: 'one/two' is no name of a CDI device");
}

}  // namespace
}  // namespace xpu
