// SPDX-License-Identifier: Apache-2.0
#include "core/select/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/fakes.h"

namespace xpu::test {
namespace {

using ::testing::HasSubstr;
using Kind = Judgement::Kind;

// A whole device of 24 GiB, one that is divided, and its two parts.
std::vector<BackendStatus> host() {
  std::vector<BackendStatus> out = {backend(
      "acme",
      {device("acme", "0"), device("acme", "1"), device("acme", "1:0"), device("acme", "1:1")})};
  for (Device& one : out[0].catalog.devices) {
    one.memory_bytes = 24ull << 30;
    one.uuid = "ACME-" + one.index;
  }
  return out;
}

HeldDevice held(const std::string& index, const std::string& parent = "") {
  return {"acme:" + index, "ACME-" + index, parent.empty() ? "" : "ACME-" + parent};
}

Lease lease(const std::string& id, bool exclusive, std::vector<HeldDevice> devices) {
  return {id, "/run/runc", 1, 1, exclusive, 1'700'000'000, std::move(devices)};
}

class JudgeTest : public ::testing::Test {
 protected:
  Judgement judge(const std::string& id) const {
    const Judge judge(request, backends, config, situation);
    for (const Device& one : backends[0].catalog.devices) {
      if (one.id == id) {
        return judge.judge(one);
      }
    }
    return {};
  }

  Request request;
  std::vector<BackendStatus> backends = host();
  Config config;
  Situation situation;
};

TEST_F(JudgeTest, FindsAFreeDeviceFree) {
  EXPECT_EQ(judge("acme:0").kind, Kind::kFree);
}

TEST_F(JudgeTest, SaysWhatPolicyKeepsBackAndByWhichRule) {
  situation.policy.vendors = {"globex"};
  EXPECT_EQ(judge("acme:0").kind, Kind::kPolicy);
  EXPECT_EQ(judge("acme:0").rule, "allow-vendors");
  EXPECT_EQ(judge("acme:0").text, "is of acme, which no container is given");
  situation.policy.vendors = {"acme"};
  situation.policy.allow_devices = {"ACME:1"};
  EXPECT_EQ(judge("acme:0").rule, "allow-devices");
  EXPECT_EQ(judge("acme:0").text, "is not among the devices that containers are given");
  EXPECT_EQ(judge("acme:1").kind, Kind::kFree);
  situation.policy.deny_devices = {"acme-1"};
  EXPECT_EQ(judge("acme:1").rule, "deny-devices");
  EXPECT_EQ(judge("acme:1").text, "is kept from containers");
}

TEST_F(JudgeTest, SaysOfPartsWhatIsSaidOfTheWhole) {
  for (const char* pattern : {"acme:1", "ACME-1"}) {
    situation.policy.deny_devices = {pattern};
    EXPECT_EQ(judge("acme:1:0").rule, "deny-devices") << pattern;
    EXPECT_EQ(judge("acme:0").kind, Kind::kFree) << pattern;
    situation.policy.deny_devices.clear();
    situation.policy.allow_devices = {pattern};
    EXPECT_EQ(judge("acme:1:0").kind, Kind::kFree) << pattern;
    EXPECT_EQ(judge("acme:0").rule, "allow-devices") << pattern;
    situation.policy.allow_devices.clear();
  }
  config.share_limits = {{"acme:1", 1}};
  situation.holdings =
      Holdings({lease("a", false, {held("1:0", "1")}), lease("b", false, {held("0")})}, {});
  EXPECT_EQ(judge("acme:1:0").kind, Kind::kHeld);
  EXPECT_EQ(judge("acme:1:1").kind, Kind::kFree);
  EXPECT_EQ(judge("acme:0").kind, Kind::kFree);
}

TEST_F(JudgeTest, TakesIdsUuidsVendorsAndModelsForPatterns) {
  const Device& one = backends[0].catalog.devices[0];
  for (const char* pattern : {"acme:0", "ACME:0", "acme-0", "acme", "*", "acme acc*", "*ACCEL*"}) {
    EXPECT_TRUE(matches_device(one, pattern)) << pattern;
  }
  for (const char* pattern : {"", "acme:1", "globex", "accelerator", "acme:*"}) {
    EXPECT_FALSE(matches_device(one, pattern)) << pattern;
  }
}

TEST_F(JudgeTest, SaysWhatIsNotAvailableOrDoesNotFit) {
  backends[0].catalog.devices[0].available = false;
  backends[0].catalog.devices[0].reason = "it burns";
  EXPECT_EQ(judge("acme:0").kind, Kind::kUnavailable);
  EXPECT_EQ(judge("acme:0").text, "is not available: it burns");
  request.tests = {
      {xpu::Test::Key::kMemory, xpu::Test::Op::kAtLeast, {"34359738368"}, "XPU_MIN_VRAM=32GiB"}};
  EXPECT_EQ(judge("acme:1").kind, Kind::kUnfit);
  EXPECT_THAT(judge("acme:1").text, HasSubstr("XPU_MIN_VRAM=32GiB"));
}

// Rows: who holds what, and how the request wants it → which devices are free.
TEST_F(JudgeTest, KeepsLeasesApart) {
  struct Row {
    Lease lease;
    bool exclusive;
    std::vector<std::string> free;
  };
  const std::vector<Row> rows = {
      {lease("a", false, {held("0")}), false, {"acme:0", "acme:1", "acme:1:0", "acme:1:1"}},
      {lease("a", false, {held("0")}), true, {"acme:1", "acme:1:0", "acme:1:1"}},
      {lease("a", true, {held("0")}), false, {"acme:1", "acme:1:0", "acme:1:1"}},
      // A device and its parts are one thing to an exclusive lease; two parts are two.
      {lease("a", true, {held("1")}), false, {"acme:0"}},
      {lease("a", true, {held("1:0", "1")}), false, {"acme:0", "acme:1:1"}},
      {lease("a", false, {held("1:0", "1")}), true, {"acme:0", "acme:1:1"}},
      {lease("a", false, {held("1")}), true, {"acme:0"}},
  };
  for (const Row& row : rows) {
    situation.holdings = Holdings({row.lease}, {});
    request.exclusive = row.exclusive;
    std::vector<std::string> free;
    for (const Device& one : backends[0].catalog.devices) {
      if (judge(one.id).kind == Kind::kFree) {
        free.push_back(one.id);
      }
    }
    EXPECT_EQ(free, row.free) << row.lease.devices[0].id << row.lease.exclusive << row.exclusive;
  }
}

TEST_F(JudgeTest, SaysWhoHoldsADevice) {
  situation.holdings = Holdings({lease("train", true, {held("0")})}, {});
  EXPECT_EQ(judge("acme:0").kind, Kind::kHeld);
  EXPECT_THAT(judge("acme:0").text, HasSubstr("is held exclusively by container train (since 20"));
  situation.holdings = Holdings({lease("train", false, {held("0")})}, {});
  request.exclusive = true;
  EXPECT_THAT(judge("acme:0").text,
              HasSubstr("is wanted exclusively and held by container train (since 20"));
}

TEST_F(JudgeTest, KeepsTheShareLimitOfTheFirstPatternThatFits) {
  config.share_limit = 1;
  config.share_limits = {{"acme:1", 0}, {"acme", 2}};
  situation.holdings = Holdings({lease("a", false, {held("0")}), lease("b", false, {held("0")}),
                                 lease("c", false, {held("1")})},
                                {});
  EXPECT_EQ(judge("acme:0").kind, Kind::kHeld);
  EXPECT_THAT(judge("acme:0").text,
              HasSubstr("is shared by 2 containers, which is its limit; one is container "));
  EXPECT_EQ(judge("acme:1").kind, Kind::kFree);
  EXPECT_EQ(share_limit_of(device("globex", "0"), nullptr, config), 1u);
}

TEST_F(JudgeTest, DoesNotCountWhatTheContainerItselfHolds) {
  situation.holdings = Holdings({lease("me", true, {held("0")})}, {});
  situation.runtime_root = "/run/runc";
  situation.id = "me";
  EXPECT_EQ(judge("acme:0").kind, Kind::kFree);
  situation.id = "you";
  EXPECT_EQ(judge("acme:0").kind, Kind::kHeld);
}

TEST_F(JudgeTest, LetsWhoCameFirstGoFirst) {
  Waiter first{"first", "/run/runc", 1, 1, 1'700'000'000, {"ACME-0"}};
  Waiter second = first;
  second.id = "second";
  situation.holdings = Holdings({}, {first, second});
  EXPECT_EQ(judge("acme:0").text, "is next for a container that has waited for it longer");
  EXPECT_EQ(judge("acme:1").kind, Kind::kFree);
  situation.runtime_root = "/run/runc";
  situation.id = "second";
  EXPECT_EQ(judge("acme:0").kind, Kind::kHeld);
  situation.id = "first";
  EXPECT_EQ(judge("acme:0").kind, Kind::kFree);
}

TEST_F(JudgeTest, GivesNoDeviceThatFailed) {
  config.file = "/etc/c.toml";
  backends[0].catalog.devices[0].properties = {{"health", "failed"}};
  EXPECT_EQ(judge("acme:0").kind, Kind::kUnavailable);
  EXPECT_EQ(judge("acme:0").text, "has failed: its driver says so");
  EXPECT_EQ(judge("acme:0").advice,
            "; allow-unhealthy = true in [selection] of /etc/c.toml gives it all the same");
  config.allow_unhealthy = true;
  EXPECT_EQ(judge("acme:0").kind, Kind::kFree);
}

TEST_F(JudgeTest, GivesNoPartOfADeviceThatIsMarked) {
  situation.marks = {{"ACME-1", "acme:1", "acme", true, 1'700'000'000, "reset failed"}};
  EXPECT_EQ(judge("acme:0").kind, Kind::kFree);
  EXPECT_EQ(judge("acme:1:0").text, "has failed: reset failed (since 2023-11-14T22:13:20Z)");
  EXPECT_THAT(judge("acme:1:0").advice,
              HasSubstr("if it works again: xpu-runtime health --clear acme:1; "));
}

TEST_F(JudgeTest, DoubtsADegradedDeviceAndGivesIt) {
  situation.marks = {{"ACME-0", "acme:0", "acme", false, 1'700'000'000, "ECC"}};
  EXPECT_EQ(judge("acme:0").kind, Kind::kFree);
  const Judge one(request, backends, config, situation);
  EXPECT_EQ(one.doubt(backends[0].catalog.devices[0]),
            "is degraded: ECC (since 2023-11-14T22:13:20Z)");
  EXPECT_EQ(one.doubt(backends[0].catalog.devices[1]), "");
}

TEST_F(JudgeTest, GivesNoDeviceOfACdiFileThatIsOneThatFailed) {
  Device twin = device("a.example/anvil", "x");
  twin.same_as = {"acme:0"};
  situation.marks = {{"ACME-0", "acme:0", "acme", true, 1'700'000'000, "off the bus"}};
  const Judge one(request, backends, config, situation);
  EXPECT_EQ(one.judge(twin).text,
            "is acme:0, which has failed: off the bus (since 2023-11-14T22:13:20Z)");
  EXPECT_EQ(one.judge(twin).kind, Kind::kUnavailable);
}

}  // namespace
}  // namespace xpu::test
