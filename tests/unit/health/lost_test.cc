// SPDX-License-Identifier: Apache-2.0
#include "core/health/lost.h"

#include <gtest/gtest.h>

namespace xpu::test {
namespace {

Device device(const std::string& index, const std::string& health = "ok") {
  Device out;
  out.id = "acme:" + index;
  out.vendor = "acme";
  out.uuid = "ACME-" + index;
  out.properties = {{"health", health}};
  return out;
}

class LostTest : public ::testing::Test {
 protected:
  LostTest() {
    acme.found.manifest.name = "anvils";
    acme.state = BackendState::kReady;
    acme.catalog.devices = {device("0"), device("1")};
    record.id = "c1";
    record.runtime_root = "/run/runc";
    record.origin.name = "train";
    record.selection.backends = {{"anvils", {"acme:0", "acme:7"}, {}, {}}};
    record.held = {held("0"), held("7")};
  }

  static HeldRecord held(const std::string& index, const std::string& parent = "") {
    return {"acme:" + index, "ACME-" + index, parent, "acme", "Anvil", {}, ""};
  }
  std::vector<LostDevice> lost() const { return lost_devices({record}, {acme}, marks); }

  BackendStatus acme;
  Record record;
  std::vector<HealthMark> marks;
};

TEST_F(LostTest, IsADeviceThatNoCatalogHas) {
  const std::vector<LostDevice> expected = {
      {"c1", "/run/runc", "train", "acme:7", "ACME-7", "is not there any more"}};
  EXPECT_EQ(lost(), expected);
}

TEST_F(LostTest, IsEachDeviceOfABackendThatFindsNone) {
  acme.state = BackendState::kAbsent;
  acme.reason = "the driver is not loaded";
  ASSERT_EQ(lost().size(), 2U);
  EXPECT_EQ(lost()[0].reason, "is not there any more: the driver is not loaded");
}

TEST_F(LostTest, IsNotSaidByABackendThatDoesNotKnow) {
  acme.catalog.devices.clear();
  for (const BackendState state :
       {BackendState::kRefused, BackendState::kFailed, BackendState::kDisabled}) {
    acme.state = state;
    EXPECT_TRUE(lost().empty()) << to_string(state);
  }
  EXPECT_TRUE(lost_devices({record}, {}, {}).empty());
}

TEST_F(LostTest, IsNotADeviceThatHasAnotherIndexNow) {
  acme.catalog.devices[1].uuid = "ACME-7";
  EXPECT_TRUE(lost().empty());
}

TEST_F(LostTest, IsOneThatFailed) {
  record.held = {held("0")};
  EXPECT_TRUE(lost().empty());
  acme.catalog.devices[0] = device("0", "failed");
  ASSERT_EQ(lost().size(), 1U);
  EXPECT_EQ(lost()[0].reason, "has failed: its driver says so");
  acme.catalog.devices[0] = device("0");
  marks = {{"ACME-0", "acme:0", "anvils", true, 0, "gone"}};
  ASSERT_EQ(lost().size(), 1U);
  EXPECT_EQ(lost()[0].reason, "has failed: gone (since 1970-01-01T00:00:00Z)");
}

TEST_F(LostTest, IsAPartOfOneThatFailed) {
  acme.catalog.devices = {device("0", "failed"), device("0:1")};
  record.held = {held("0:1", "ACME-0")};
  EXPECT_EQ(lost().size(), 1U);
}

// A device of a CDI file that is a backend's: the selection is the file's.
TEST_F(LostTest, IsFoundByItsVendorWhereACdiFileGaveIt) {
  record.selection.backends = {{"cdi:/etc/cdi/a.yaml", {"a.example/anvil=7"}, {}, {}}};
  record.held = {held("7")};
  EXPECT_EQ(lost().size(), 1U);
  acme.catalog.devices.clear();
  EXPECT_TRUE(lost().empty()) << "nobody is known to describe that vendor";
}

// One that only the file knows: it has no catalog to be missing from.
TEST_F(LostTest, IsNotADeviceThatOnlyACdiFileKnows) {
  record.selection.backends = {{"cdi:/etc/cdi/a.yaml", {"a.example/anvil=7"}, {}, {}}};
  record.held = {{"a.example/anvil=7", "a.example/anvil=7", "", "a.example", "", {}, ""}};
  EXPECT_TRUE(lost().empty());
}

}  // namespace
}  // namespace xpu::test
