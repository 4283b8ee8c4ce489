// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/select/candidates.h"
#include "core/select/select.h"
#include "tests/unit/select/fakes.h"

namespace xpu::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WishTest : public ::testing::Test {
 protected:
  WishTest() {
    backends = {backend("acme", {device("acme", "0"), device("acme", "1"), device("acme", "2")}),
                backend("globex", {device("globex", "0")})};
    for (BackendStatus& one : backends) {
      for (Device& each : one.catalog.devices) {
        each.memory_bytes = 16ull << 30;
      }
    }
    backends[0].catalog.devices[2].memory_bytes = 80ull << 30;
    config.strategy = "first";
  }

  std::vector<std::string> chosen(const std::vector<std::string>& env) {
    std::vector<std::string> out;
    const Selection selection =
        select(request_of(env, backends, config), backends, config, situation);
    warnings = selection.warnings;
    for (const SelectedBackend& one : selection.backends) {
      out.insert(out.end(), one.devices.begin(), one.devices.end());
    }
    return out;
  }

  // What select() throws.
  template <class Thrown>
  std::string refusal(const std::vector<std::string>& env) {
    try {
      chosen(env);
    } catch (const Thrown& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  std::vector<BackendStatus> backends;
  Config config;
  Situation situation;
  std::vector<std::string> warnings;
};

Lease lease(const std::string& id, const std::string& device, bool exclusive) {
  return {id, "/run/runc", 1, 1, exclusive, 1'700'000'000, {{device, device, ""}}};
}

TEST_F(WishTest, IsGrantedOfAllVendors) {
  EXPECT_THAT(chosen({"XPU_COUNT=1"}), ElementsAre("acme:0"));
  EXPECT_THAT(chosen({"XPU_VISIBLE_DEVICES=count=2"}), ElementsAre("acme:0", "acme:1"));
  EXPECT_THAT(chosen({"XPU_COUNT=all"}), ElementsAre("acme:0", "acme:1", "acme:2", "globex:0"));
  EXPECT_THAT(chosen({"XPU_DEVICE_TYPE=globex"}), ElementsAre("globex:0"));
  EXPECT_THAT(chosen({"XPU_MIN_VRAM=24GiB"}), ElementsAre("acme:2"));
}

TEST_F(WishTest, FollowsTheStrategy) {
  situation.figures.add("acme:0", Figure{3'000'000, "USD", 100.0, "", ""});
  situation.figures.add("acme:1", Figure{1'000'000, "USD", 50.0, "", ""});
  situation.figures.add("acme:2", Figure{9'000'000, "USD", 400.0, "", ""});
  EXPECT_THAT(chosen({"XPU_STRATEGY=performance"}), ElementsAre("acme:2"));
  EXPECT_THAT(chosen({"XPU_STRATEGY=cost"}), ElementsAre("acme:1"));
  EXPECT_THAT(chosen({"XPU_STRATEGY=balanced"}), ElementsAre("acme:1"));
  config.strategy = "performance";
  EXPECT_THAT(chosen({"XPU_COUNT=1"}), ElementsAre("acme:2"));
}

TEST_F(WishTest, ComparesPricesOfOneCurrency) {
  situation.figures.add("acme:0", Figure{3'000'000, "EUR", 100.0, "", ""});
  situation.figures.add("acme:1", Figure{150'000'000, "JPY", 100.0, "", ""});
  situation.figures.add("acme:2", Figure{9'000'000, "EUR", 100.0, "", ""});
  EXPECT_EQ(situation.figures.usual_currency(), "EUR");
  situation.currency = "EUR";
  const std::vector<std::string> cheapest = {"XPU_STRATEGY=cost", "XPU_DEVICE_TYPE=acme"};
  EXPECT_THAT(chosen(cheapest), ElementsAre("acme:0"));
  situation.currency = "JPY";
  EXPECT_THAT(chosen(cheapest), ElementsAre("acme:1"));
}

TEST_F(WishTest, TakesDevicesThatNobodyHoldsExclusively) {
  situation.holdings = Holdings({lease("a", "acme:0", true), lease("b", "acme:1", false)}, {});
  EXPECT_THAT(chosen({"XPU_COUNT=1"}), ElementsAre("acme:1"));
  EXPECT_THAT(chosen({"XPU_COUNT=1", "XPU_SHARING=exclusive"}), ElementsAre("acme:2"));
  EXPECT_THAT(chosen({"XPU_COUNT=1", "XPU_STRATEGY=spread"}), ElementsAre("acme:2"));
  EXPECT_THAT(chosen({"XPU_COUNT=1", "XPU_STRATEGY=packed"}), ElementsAre("acme:1"));
}

TEST_F(WishTest, IsWorthWaitingForWhereOthersHoldWhatWouldDo) {
  situation.holdings = Holdings({lease("a", "acme:2", true)}, {});
  const std::string text = refusal<Busy>({"XPU_MIN_VRAM=24GiB"});
  EXPECT_THAT(text, HasSubstr("XPU_MIN_VRAM=24GiB: none of 4 devices can be given now"));
  EXPECT_THAT(text, HasSubstr("acme:2 is held exclusively by container a"));
  try {
    chosen({"XPU_COUNT=4", "XPU_SHARING=exclusive"});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Busy& busy) {
    std::vector<std::string> ids;
    for (const HeldDevice& device : busy.devices()) {
      ids.push_back(device.id);
    }
    EXPECT_THAT(ids, ElementsAre("acme:0", "acme:1", "acme:2", "globex:0"));
    EXPECT_THAT(busy.what(), HasSubstr("3 of 4 devices can be given now, and 4 are wanted"));
  }
}

TEST_F(WishTest, IsAnErrorWhereNothingWouldEverDo) {
  const std::string text = refusal<Error>({"XPU_MIN_VRAM=96GiB"});
  EXPECT_THAT(text, HasSubstr("XPU_MIN_VRAM=96GiB"));
  EXPECT_THAT(text, HasSubstr("acme:0 has 16"));
  EXPECT_THAT(refusal<Error>({"XPU_COUNT=5"}),
              HasSubstr("4 of 4 devices can be given now, and 5 are wanted"));
}

TEST_F(WishTest, StaysWithinPolicy) {
  situation.policy.max_devices = 2;
  EXPECT_THAT(chosen({"XPU_COUNT=all"}), ElementsAre("acme:0", "acme:1"));
  EXPECT_THAT(chosen({"XPU_VISIBLE_DEVICES=all"}), ElementsAre("acme:0", "acme:1"));
  EXPECT_EQ(refusal<Denied>({"XPU_COUNT=3"}),
            "XPU_COUNT asks for 3 devices, and a container may have 2; [policy] "
            "max-devices-per-container says so");
  EXPECT_EQ(refusal<Denied>({"XPU_VISIBLE_DEVICES=acme:0,acme:1,acme:2"}),
            "XPU_VISIBLE_DEVICES asks for 3 devices, and a container may have 2; [policy] "
            "max-devices-per-container says so");
  config.enable_multi_gpu = false;
  EXPECT_THAT(refusal<Denied>({"XPU_COUNT=3"}), HasSubstr("[policy] enable-multi-gpu says so"));
  situation.policy.deny_devices = {"*"};
  EXPECT_THAT(refusal<Denied>({"XPU_COUNT=1"}), HasSubstr("acme:0 is kept from containers"));
}

// The best of one model is not instead of several of another.
TEST_F(WishTest, OfAsManyAsPolicyAllowsIsOfThatMany) {
  situation.policy.max_devices = 3;
  backends[0].catalog.devices[0].name = "Best";
  backends[0].catalog.devices[1].name = backends[0].catalog.devices[2].name = "Other";
  situation.figures.add("acme:0", Figure{{}, "", 900.0, "", ""});
  situation.figures.add("acme:1", Figure{{}, "", 100.0, "", ""});
  situation.figures.add("acme:2", Figure{{}, "", 100.0, "", ""});
  config.strategy = "performance";
  for (const char* const env :
       {"XPU_COUNT=all", "XPU_VISIBLE_DEVICES=all", "XPU_ENABLE_MULTI_GPU=true"}) {
    EXPECT_THAT(chosen({env, "XPU_DEVICE_TYPE=acme"}), ElementsAre("acme:0", "acme:1", "acme:2"))
        << env;
  }
  situation.holdings = Holdings({lease("a", "acme:0", true)}, {});
  EXPECT_THAT(chosen({"XPU_COUNT=all", "XPU_DEVICE_TYPE=acme"}), ElementsAre("acme:1", "acme:2"));
}

TEST_F(WishTest, CountsADeviceOnce) {
  backends[1].catalog.devices[0].vendor = "initech";  // the backend globex of the vendor initech
  EXPECT_THAT(chosen({"XPU_DEVICE_TYPE=globex,initech"}), ElementsAre("globex:0"));
  EXPECT_THAT(refusal<Error>({"XPU_DEVICE_TYPE=globex,initech", "XPU_COUNT=2"}),
              HasSubstr("1 of 1 device can be given now, and 2 are wanted"));
  backends[1].catalog.devices[0].vendor = "globex";
  EXPECT_THAT(refusal<Error>({"XPU_DEVICE_TYPE=globex,GLOBEX", "XPU_COUNT=2"}),
              HasSubstr("1 of 1 device can be given now, and 2 are wanted"));
}

TEST_F(WishTest, OfSeveralVendorsDoesWithoutThoseThatAreOff) {
  backends[1].state = BackendState::kDisabled;
  backends[1].reason = "off";
  EXPECT_THAT(chosen({"XPU_DEVICE_TYPE=globex,acme"}), ElementsAre("acme:0"));
  EXPECT_THAT(refusal<Error>({"XPU_DEVICE_TYPE=globex"}), HasSubstr("globex"));
}

TEST_F(WishTest, IsDeniedWherePolicyKeepsBackWhatIsLacking) {
  situation.policy.deny_devices = {"acme:1", "acme:2", "globex:0"};
  EXPECT_THAT(refusal<Denied>({"XPU_COUNT=2"}),
              HasSubstr("1 of 4 devices can be given now, and 2 are wanted; acme:1 is kept from"));
  EXPECT_THAT(refusal<Denied>({"XPU_COUNT=2"}), HasSubstr("[policy] deny-devices says so"));
  EXPECT_THAT(chosen({"XPU_VISIBLE_DEVICES=all"}), ElementsAre("acme:0"));
  EXPECT_THAT(warnings, Contains(HasSubstr("left out acme:1, which is kept from containers "
                                           "([policy] deny-devices)")));
}

TEST_F(WishTest, OfAllCapabilitiesIsOfThoseThatAreForAll) {
  backends[0].catalog.capabilities = {"compute", "graphics"};
  config.privileged_capabilities = {"graphics"};
  Request request = request_of({"XPU_COUNT=1"}, backends, config);
  request.capabilities = {{"acme", {"all"}, "XPU_DRIVER_CAPABILITIES"}};
  EXPECT_THAT(select(request, backends, config, situation).backends[0].capabilities,
              ElementsAre("compute"));
  request.capabilities[0].names = {"graphics"};
  try {
    select(request, backends, config, situation);
    FAIL() << "graphics was given";
  } catch (const Denied& denied) {
    EXPECT_STREQ(denied.what(),
                 "XPU_DRIVER_CAPABILITIES: the capability graphics is for privileged containers; "
                 "[policy] privileged-capabilities says so");
    EXPECT_EQ(denied.name(), "XPU_DRIVER_CAPABILITIES");
  }
  request.privileged = true;
  EXPECT_THAT(select(request, backends, config, situation).backends[0].capabilities,
              ElementsAre("graphics"));
}

TEST_F(WishTest, OfANameIsAnErrorWhenItCannotBeMet) {
  situation.holdings = Holdings({lease("a", "acme:0", true)}, {});
  EXPECT_THAT(refusal<Busy>({"XPU_VISIBLE_DEVICES=acme:0"}),
              HasSubstr("the device acme:0 is held exclusively by container a"));
  situation.policy.deny_devices = {"acme:1"};
  EXPECT_THAT(refusal<Denied>({"XPU_VISIBLE_DEVICES=acme:1"}),
              HasSubstr("the device acme:1 is kept from containers; [policy] deny-devices"));
  EXPECT_THAT(refusal<Error>({"XPU_VISIBLE_DEVICES=globex:0", "XPU_MIN_VRAM=24GiB"}),
              HasSubstr("the device globex:0 has 16"));
}

TEST_F(WishTest, OfAllLeavesOutWhatCannotBeHad) {
  situation.holdings = Holdings({lease("a", "acme:0", true)}, {});
  EXPECT_THAT(chosen({"XPU_VISIBLE_DEVICES=all"}), ElementsAre("acme:1", "acme:2", "globex:0"));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("left out acme:0, which is held exclusively")));
  situation.holdings = Holdings({lease("a", "globex:0", true)}, {});
  EXPECT_THAT(refusal<Busy>({"XPU_VISIBLE_DEVICES=globex:all"}),
              HasSubstr("globex:0 is held exclusively by container a"));
}

TEST_F(WishTest, DoesNotTakeSimulatedDevicesForRealOnes) {
  backends[0] = simulated(backends[0]);
  EXPECT_THAT(chosen({"XPU_COUNT=1"}), ElementsAre("globex:0"));
  EXPECT_THAT(chosen({"XPU_DEVICE_TYPE=acme"}), ElementsAre("acme:0"));
}

TEST_F(WishTest, OnAHostWithoutDevicesFailsOrWarns) {
  backends = {broken("acme", BackendState::kAbsent, "nothing plugged in")};
  EXPECT_THAT(refusal<Error>({"XPU_COUNT=1"}), HasSubstr("this host has no device to choose from"));
  config.on_unavailable = "warn";
  EXPECT_THAT(chosen({"XPU_COUNT=1"}), IsEmpty());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("this host has no device to choose from")));
}

TEST_F(WishTest, ByDefaultIsNeverAReasonToFail) {
  config.default_request = "auto";
  EXPECT_THAT(chosen({}), ElementsAre("acme:0"));
  situation.policy.deny_devices = {"*"};
  EXPECT_THAT(chosen({}), IsEmpty());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("default-request = \"auto\": none of 4 devices")));
  backends = {broken("acme", BackendState::kFailed, "on fire")};
  EXPECT_THAT(chosen({}), IsEmpty());
  EXPECT_THAT(warnings, Contains(HasSubstr("on fire")));
}

TEST_F(WishTest, ConsidersEveryDevice) {
  situation.holdings = Holdings({lease("a", "acme:0", true)}, {});
  const Request request = request_of({"XPU_MIN_VRAM=24GiB"}, backends);
  std::vector<std::string> seen;
  for (const Considered& one : consider(request, backends, config, situation)) {
    seen.push_back(one.device->id + (one.verdict.kind == Judgement::Kind::kFree ? "+" : "-"));
  }
  EXPECT_THAT(seen, ElementsAre("acme:0-", "acme:1-", "acme:2+", "globex:0-"));
}

}  // namespace
}  // namespace xpu::test
