// SPDX-License-Identifier: Apache-2.0
// What comes along with the devices of a backend: capabilities, features, requirements.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/select/select.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/select/fakes.h"

namespace xpu {
namespace {

using test::backend;
using test::device;
using test::error_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Env = std::vector<std::string>;

class GrantsTest : public ::testing::Test {
 protected:
  GrantsTest() : backends_{backend("acme", {device("acme", "0"), device("acme", "1")})} {
    config_.file = "/etc/x.toml";
    manifest().features = {{"rdma", {"ACME_RDMA"}, {"enabled", "all"}, false, "", false},
                           {"channels", {"ACME_CHANNELS"}, {}, true, "channel", false},
                           {"admin", {"ACME_ADMIN"}, {"all"}, false, "", true},
                           {"fabric", {"ACME_FABRIC"}, {"on"}, false, "", false}};
    catalog().capabilities = {"compute", "rdma", "channels", "admin", "video"};
    for (const char* item : {"0", "2", "7", "2"}) {
      EditGroup group;
      group.scope.capability = "channels";
      group.scope.item = item;
      catalog().edits.push_back(group);
    }
  }

  Manifest& manifest() { return backends_[0].found.manifest; }
  Catalog& catalog() { return backends_[0].catalog; }

  Selection select_with(Env more, const std::string& devices = "ACME_DEVICES=all",
                        bool privileged = false) {
    more.push_back(devices);
    Request request = test::request_of(more, backends_);
    request.privileged = privileged;
    return select(request, backends_, config_);
  }
  // "rdma channels(0 2)"
  std::vector<std::string> features(Env more, bool privileged = false) {
    std::vector<std::string> out;
    const Selection selection = select_with(std::move(more), "ACME_DEVICES=all", privileged);
    for (const SelectedFeature& feature : selection.backends.at(0).features) {
      out.push_back(feature.name);
      for (const std::string& item : feature.items) {
        out.back() += " " + item;
      }
    }
    return out;
  }
  std::string error_for(Env more) {
    return error_of([&] { select_with(std::move(more)); });
  }

  Config config_;
  std::vector<BackendStatus> backends_;
};

TEST_F(GrantsTest, FeaturesAreOffUnlessSwitchedOn) {
  EXPECT_THAT(features({}), IsEmpty());
  EXPECT_THAT(features({"ACME_RDMA=disabled", "ACME_CHANNELS="}), IsEmpty());
  EXPECT_THAT(features({"ACME_RDMA=Enabled"}), ElementsAre("rdma"));
  EXPECT_THAT(features({"ACME_RDMA=all", "ACME_CHANNELS=7,channel0"}),
              ElementsAre("rdma", "channels 0 7"));
  EXPECT_THAT(features({"ACME_CHANNELS=all"}), ElementsAre("channels 0 2 7"));
}

TEST_F(GrantsTest, FeaturesAreNoCapabilities) {
  const auto capabilities = [&](const std::string& value) {
    return select_with({"CAPS=" + value}).backends.at(0).capabilities;
  };
  EXPECT_THAT(capabilities("all"), ElementsAre("compute", "video"));
  EXPECT_THAT(capabilities("video"), ElementsAre("video"));
  EXPECT_EQ(error_for({"CAPS=compute,rdma"}),
            "CAPS: 'rdma' is a feature of the backend acme, which ACME_RDMA=enabled switches on");
  EXPECT_EQ(error_for({"CAPS=channels"}),
            "CAPS: 'channels' is a feature of the backend acme, which ACME_CHANNELS=all switches "
            "on");
  EXPECT_EQ(error_for({"CAPS=magic"}),
            "CAPS: the backend acme does not offer the capability 'magic'; it offers compute, "
            "video");
}

TEST_F(GrantsTest, FeaturesComeOnlyWithDevices) {
  backends_.push_back(backend("beta", {device("beta", "0")}));
  for (const char* devices : {"ACME_DEVICES=none", "XPU_VISIBLE_DEVICES=beta:0",
                              "XPU_VISIBLE_DEVICES=acme:none,beta:0"}) {
    for (const char* value : {"enabled", "nonsense"}) {
      const Selection selection = select_with({std::string("ACME_RDMA=") + value}, devices);
      EXPECT_THAT(selection.backends.at(0).features, IsEmpty());
    }
  }
  EXPECT_EQ(error_for({"ACME_RDMA=nonsense"}),
            "ACME_RDMA=nonsense: enabled or all switches the feature rdma on; 0, false, disabled, "
            "none, void or an empty value leaves it off");
}

TEST_F(GrantsTest, SayWhatThisHostDoesNotHave) {
  EXPECT_EQ(error_for({"ACME_FABRIC=on"}),
            "ACME_FABRIC=on: this host has no fabric; features of the backend acme here: rdma, "
            "channels, admin; ACME_FABRIC=disabled leaves it off");
  EXPECT_EQ(error_for({"ACME_CHANNELS=0,channel1"}),
            "ACME_CHANNELS=0,channel1: the feature channels has no '1' on this host; there are 0, "
            "2, 7");
  catalog().edits.clear();
  EXPECT_EQ(error_for({"ACME_CHANNELS=0"}),
            "ACME_CHANNELS=0: the feature channels has no '0' on this host; there are none");
  EXPECT_EQ(error_for({"ACME_CHANNELS=all"}),
            "ACME_CHANNELS=all: the feature channels has no 'all' on this host; there are none");
  catalog().capabilities = {"compute"};
  EXPECT_EQ(error_for({"ACME_RDMA=all"}),
            "ACME_RDMA=all: this host has no rdma; features of the backend acme here: none; "
            "ACME_RDMA=disabled leaves it off");
}

TEST_F(GrantsTest, PrivilegedFeaturesAreForPrivilegedContainers) {
  EXPECT_EQ(error_for({"ACME_ADMIN=all"}),
            "ACME_ADMIN=all: the feature admin is for privileged containers; that means "
            "CAP_SYS_ADMIN in the bounding, permitted and effective sets of process.capabilities "
            "(--privileged gives it), and no user namespace of its own");
  EXPECT_THAT(features({"ACME_ADMIN=all"}, /*privileged=*/true), ElementsAre("admin"));
}

TEST_F(GrantsTest, TheConfigurationLimitsFeatures) {
  config_.backends["acme"].features = {"channels", "admin"};
  EXPECT_EQ(error_for({"ACME_RDMA=all"}),
            "ACME_RDMA=all: the feature rdma is not among the features that [backends.acme] of "
            "/etc/x.toml allows: channels, admin");
  EXPECT_THAT(features({"ACME_CHANNELS=0"}), ElementsAre("channels 0"));
  EXPECT_NE(error_for({"ACME_ADMIN=all"}), "");  // still for privileged containers only
  EXPECT_THAT(features({"ACME_ADMIN=all"}, /*privileged=*/true), ElementsAre("admin"));
  config_.backends["acme"].features = std::vector<std::string>();
  EXPECT_EQ(error_for({"ACME_CHANNELS=0"}),
            "ACME_CHANNELS=0: the feature channels is not among the features that [backends.acme] "
            "of /etc/x.toml allows: none");
  config_.backends["acme"].features.reset();
  EXPECT_THAT(features({"ACME_RDMA=all"}), ElementsAre("rdma"));
}

TEST_F(GrantsTest, ARecordedSelectionIsGivenAgainOrNotAtAll) {
  const Selection recorded =
      select_with({"ACME_CHANNELS=0,7", "ACME_ADMIN=all"}, "ACME_DEVICES=1", /*privileged=*/true);
  Request request;
  request.privileged = true;
  check_recorded(recorded, request, backends_, Config(), Situation());
  const std::string intro = "the container cannot be restored with what it had: ";
  const auto problem = [&] {
    return error_of([&] { check_recorded(recorded, request, backends_, Config(), Situation()); });
  };
  request.privileged = false;
  EXPECT_EQ(problem(), intro + "the feature admin is for privileged containers");
  request.privileged = true;
  Situation strict;
  strict.policy.deny_devices = {"acme:1"};
  EXPECT_EQ(error_of([&] { check_recorded(recorded, request, backends_, Config(), strict); }),
            intro + "the device acme:1 is kept from containers; [policy] deny-devices says so");
  Selection two = recorded;
  two.backends[0].devices = {"acme:0", "acme:1"};
  strict.policy.deny_devices.clear();
  strict.policy.max_devices = 1;
  EXPECT_EQ(error_of([&] { check_recorded(two, request, backends_, Config(), strict); }),
            intro +
                "it had 2 devices, and a container may have 1; [policy] "
                "max-devices-per-container says so");
  const std::vector<BackendStatus> good = backends_;
  catalog().edits.pop_back();
  catalog().edits.erase(catalog().edits.begin() + 2);
  EXPECT_EQ(problem(), intro + "the feature channels has no '7'");
  catalog().capabilities = {"compute", "rdma", "channels", "video"};
  EXPECT_EQ(problem(), intro + "the feature channels has no '7'");
  catalog().capabilities = {"rdma", "channels", "admin", "video"};
  EXPECT_EQ(problem(), intro + "the backend acme does not offer compute");
  catalog().devices[1].available = false;
  catalog().devices[1].reason = "it is on fire";
  EXPECT_EQ(problem(), intro + "the device acme:1 is not available: it is on fire");
  catalog().devices.pop_back();
  EXPECT_EQ(problem(), intro + "the device acme:1 is not there");
  backends_ = {test::broken("acme", BackendState::kFailed, "it hangs")};
  EXPECT_EQ(problem(), intro + "the backend acme is failed: it hangs");
  backends_.clear();
  EXPECT_EQ(problem(), intro + "the backend acme is not among those that it asks for now");
  backends_ = good;
  EXPECT_EQ(problem(), "");
}

class RequirementsTest : public GrantsTest {
 protected:
  RequirementsTest() {
    manifest().requirements.variables = {"ACME_REQUIRE_*"};
    manifest().requirements.disable = {"ACME_DISABLE_REQUIRE"};
    catalog().properties = {{"tools", "12.2"}};
    catalog().devices[1].properties = {{"tools", "11"}};
  }
};

TEST_F(RequirementsTest, HoldForEveryDeviceThatIsGiven) {
  const Env needs = {"ACME_REQUIRE_TOOLS=tools>=12"};
  EXPECT_FALSE(select_with(needs, "ACME_DEVICES=0").empty());
  EXPECT_EQ(error_for(needs),
            "ACME_REQUIRE_TOOLS: acme:1 does not meet what the image needs: tools>=12 (it has 11); "
            "ACME_DISABLE_REQUIRE=true in the container or disable-require = true in /etc/x.toml "
            "skips this check");
  EXPECT_FALSE(select_with(needs, "ACME_DEVICES=none").empty());
  manifest().requirements.disable.clear();
  EXPECT_EQ(error_for({"ACME_REQUIRE_TOOLS=tools>=13 vendor=beta"}),
            "ACME_REQUIRE_TOOLS: acme:0 does not meet what the image needs: tools>=13 (it has "
            "12.2) or vendor=beta (it has acme); disable-require = true in /etc/x.toml skips this "
            "check");
}

TEST_F(RequirementsTest, AllOfThemHold) {
  EXPECT_FALSE(select_with({"ACME_REQUIRE_A=tools>=11", "ACME_REQUIRE_B=vendor=acme"}).empty());
  EXPECT_EQ(error_for({"ACME_REQUIRE_A=tools>=11", "ACME_REQUIRE_B=vendor=beta"}).substr(0, 16),
            "ACME_REQUIRE_B: ");
}

TEST_F(RequirementsTest, AreCheckedUnlessSwitchedOff) {
  const std::string bad = "ACME_REQUIRE_TOOLS=tools>=99";
  EXPECT_FALSE(select_with({bad, "ACME_DISABLE_REQUIRE=1"}).empty());
  EXPECT_NE(error_for({bad, "ACME_DISABLE_REQUIRE=0"}), "");
  config_.disable_require = true;
  EXPECT_FALSE(select_with({bad}).empty());
}

TEST_F(RequirementsTest, AreUnderstood) {
  EXPECT_EQ(
      error_for({"ACME_REQUIRE_TOOLS=tools=>12"}),
      "ACME_REQUIRE_TOOLS: 'tools=>12' is not understood; a property, one of = != < <= > >= "
      "and a value are wanted, such as driver>=535; ACME_DISABLE_REQUIRE=true in the container or "
      "disable-require = true in /etc/x.toml skips this check");
}

TEST_F(RequirementsTest, AreBoundedTogether) {
  Env needs;
  for (int i = 0; i < 6; ++i) {
    std::string text = "vendor=acme";
    while (text.size() < (12 << 10)) {
      text += ",vendor=acme";
    }
    needs.push_back("ACME_REQUIRE_" + std::to_string(i) + "=" + text);
  }
  EXPECT_EQ(error_for(needs),
            "ACME_REQUIRE_5: what the image needs of the backend acme takes more than 65536 bytes; "
            "ACME_DISABLE_REQUIRE=true in the container or disable-require = true in /etc/x.toml "
            "skips this check");
  needs.pop_back();
  EXPECT_FALSE(select_with(needs).empty());
}

TEST_F(RequirementsTest, AreThoseOfTheBackendThatGives) {
  backends_.push_back(backend("beta", {device("beta", "0")}));
  EXPECT_FALSE(select_with({"ACME_REQUIRE_TOOLS=tools>=99"}, "XPU_VISIBLE_DEVICES=beta:0").empty());
}

}  // namespace
}  // namespace xpu
