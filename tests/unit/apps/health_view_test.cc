// SPDX-License-Identifier: Apache-2.0
#include "core/apps/health_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/apps/ps.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using test::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;

Device device(const std::string& index, const std::string& health = "") {
  Device out;
  out.id = "acme:" + index;
  out.vendor = "acme";
  out.index = index;
  out.uuid = "ACME-" + index;
  if (!health.empty()) {
    out.properties = {{"health", health}};
  }
  return out;
}

class HealthViewTest : public ::testing::Test {
 protected:
  HealthViewTest() {
    acme.found.manifest.name = "acme";
    acme.state = BackendState::kReady;
    acme.catalog.devices = {device("0", "ok"), device("1")};
    record.id = "0123456789abcdef";
    record.origin.name = "train";
    record.held = {{"acme:1", "ACME-1", "", "acme", "Anvil", {}, ""}};
  }
  std::vector<HealthRow> rows() const { return health_rows({acme}, marks, {record}); }

  BackendStatus acme;
  Record record;
  std::vector<HealthMark> marks;
};

TEST_F(HealthViewTest, ShowsEveryDevice) {
  EXPECT_EQ(health_text(rows(), {}),
            "DEVICE  HEALTH   HELD BY  REASON\n"
            "acme:0  ok       -        -\n"
            "acme:1  unknown  train    -\n");
  EXPECT_EQ(health_text({}, {}), "No device is known.\n");
}

TEST_F(HealthViewTest, ShowsMarksAlsoOfDevicesThatAreGone) {
  marks = {{"ACME-9", "acme:9", "acme", true, 0, "off the bus"}};
  const std::vector<HealthRow> all = rows();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].id, "acme:9");
  EXPECT_EQ(all[2].state, "failed");
  EXPECT_EQ(all[2].reason, "off the bus (since 1970-01-01T00:00:00Z)");
}

TEST_F(HealthViewTest, SaysWhatIsLost) {
  const LostDevice lost = {"0123456789abcdef", "/run/runc", "train",
                           "acme:1",           "ACME-1",    "is not there any more"};
  EXPECT_EQ(lost_text(lost),
            "the container train (0123456789ab) holds acme:1, which is not there any more");
  EXPECT_THAT(health_text(rows(), {lost}), HasSubstr("\nLost: the container train"));
  EXPECT_THAT(health_json(rows(), {lost}),
              HasSubstr(R"("lost":[{"container":"0123456789abcdef","runtime_root":"/run/runc")"));
}

TEST_F(HealthViewTest, TellsScripts) {
  marks = {{"ACME-1", "acme:1", "acme", false, 77, "ECC"}};
  EXPECT_THAT(
      health_json(rows(), {}),
      HasSubstr(R"({"device":"acme:1","key":"ACME-1","backend":"acme","health":"degraded",)"
                R"-("reason":"ECC (since 1970-01-01T00:01:17Z)","marked":true,"since_unix":77,)-"
                R"("containers":["train"]})"));
}

TEST_F(HealthViewTest, PsSaysOnceWhatIsWrong) {
  PsView view;
  marks = {{"ACME-0", "acme:0", "acme", false, 77, "ECC"},
           {"ACME-1", "acme:1", "acme", true, 77, "off the bus"}};
  view.devices = rows();
  view.lost = lost_devices({record}, {acme}, marks);
  const std::string text = ps_text(view);
  EXPECT_THAT(text, HasSubstr("Unhealthy: acme:0 is degraded: ECC"));
  EXPECT_THAT(text, HasSubstr("Lost: the container train (0123456789ab) holds acme:1, which has "
                              "failed: off the bus"));
  EXPECT_THAT(text, Not(HasSubstr("Unhealthy: acme:1")));
  EXPECT_THAT(ps_json(view), HasSubstr(R"("unhealthy":[{"device":"acme:0")"));
}

TEST_F(HealthViewTest, ClearsByEveryName) {
  const TempDir dir;
  for (const char* const name : {"acme:1", "ACME-1", "acme-1", "1"}) {
    change_health_marks(dir.path(), [](std::vector<HealthMark>& all) {
      all = {{"ACME-0", "acme:0", "acme", true, 1, "one"},
             {"ACME-1", "acme:1", "acme", true, 1, "other"}};
    });
    EXPECT_EQ(clear_health(dir.path(), name, {acme}), "Forgot that acme:1 failed: other\n") << name;
    ASSERT_EQ(health_marks(dir.path()).size(), 1U);
    EXPECT_EQ(health_marks(dir.path())[0].id, "acme:0");
  }
}

TEST_F(HealthViewTest, SaysWhyNothingCanBeCleared) {
  const TempDir dir;
  EXPECT_EQ(error_of([&] { clear_health(dir.path(), "acme:1", {acme}); }),
            "there is no mark of 'acme:1'; xpu-runtime health shows all marks");
  acme.catalog.devices[1] = device("1", "failed");
  EXPECT_EQ(error_of([&] { clear_health(dir.path(), "acme:1", {acme}); }),
            "there is no mark of acme:1, and its backend says: its driver says so; xpu-runtime "
            "health shows all marks");
  acme.catalog.devices.push_back(device("0:1"));
  acme.catalog.devices.back().parent = "acme:0";
  change_health_marks(dir.path(), [](std::vector<HealthMark>& all) {
    all = {{"ACME-0", "acme:0", "acme", true, 1, "one"}};
  });
  EXPECT_THAT(error_of([&] { clear_health(dir.path(), "acme:0:1", {acme}); }),
              HasSubstr("acme:0:1 is a part of a device that is marked: one"));
}

}  // namespace
}  // namespace xpu
