// SPDX-License-Identifier: Apache-2.0
// Requests by mounts of /dev/null.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/base/temp_dir.h"
#include "tests/unit/request/said.h"

namespace xpu {
namespace {

using test::asked;
using test::error_of;
using test::installed;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MountsTest : public ::testing::Test {
 protected:
  MountsTest() { config_.accept_volume_mounts = "always"; }

  Request parse() const { return parse_request(said_, backends_, config_, ""); }
  std::string asking() const { return asking_variable(said_, backends_, config_, ""); }
  Request mounted(std::vector<std::string> destinations) {
    said_ = {};
    said_.null_mounts = std::move(destinations);
    return parse();
  }
  std::string mount_error(const std::string& destination) {
    return error_of([&] { mounted({destination}); });
  }

  Said said_;
  std::vector<FoundBackend> backends_ = {installed("acme", "ACME_DEVICES"),
                                         installed("globex", "GLOBEX_DEVICES")};
  Config config_;
};

TEST_F(MountsTest, MountsNameOneDeviceEach) {
  const Request request =
      mounted({"/data", "/var/run/xpu-container-devices/0", "/var/run/xpu-container-devices/acme/1",
               "/var/run/xpu-container-devices/GPU-1f2e"});
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.source, RequestSource::kMounts);
  EXPECT_THAT(request.claimed_by, IsEmpty());
  EXPECT_THAT(asked(request), ElementsAre("|0", "acme|1", "|GPU-1f2e"));
  EXPECT_EQ(request.selectors[1].variable, "mount /var/run/xpu-container-devices/acme/1");
  EXPECT_EQ(request.variable,
            "mount /var/run/xpu-container-devices/0, mount /var/run/xpu-container-devices/acme/1, "
            "mount /var/run/xpu-container-devices/GPU-1f2e");
  EXPECT_EQ(asking(), "mount /var/run/xpu-container-devices/0");
  EXPECT_THAT(asked(mounted({"/var/run/xpu-container-devices/all"})), ElementsAre("|all"));
  EXPECT_THAT(asked(mounted({"/var/run/xpu-container-devices/0-1"})), ElementsAre("|0", "|1"));
  EXPECT_THAT(asked(mounted({"/var/run/xpu-container-devices/0000:65:00.0"})),
              ElementsAre("|0000:65:00.0"));
  EXPECT_EQ(mounted({"/var/run/xpu-container-devices/none"}).kind, RequestKind::kDriversOnly);
}

TEST_F(MountsTest, MountsBelowAFolderOfABackendAreItsOwn) {
  backends_[0].manifest.device_variables = {"ACME_DEVICES", "ANVIL_DEVICES"};
  backends_[0].manifest.variable_vendors = {{"ACME_DEVICES", {"acme", "anvil"}}};
  const Request request =
      mounted({"/var/run/acme-container-devices/0", "/var/run/acme-container-devices/anvil/1",
               "/var/run/globex-container-devices/all"});
  EXPECT_THAT(request.claimed_by, ElementsAre("acme", "globex"));
  EXPECT_THAT(asked(request), ElementsAre("|0", "anvil|1", "|all"));
  EXPECT_THAT(request.selectors[0].claimed_by, ElementsAre("acme"));
  EXPECT_THAT(request.selectors[0].vendors, ElementsAre("acme", "anvil"));
  EXPECT_EQ(mount_error("/var/run/acme-container-devices/hammer/0"),
            "mount /var/run/acme-container-devices/hammer/0: what stands below the folder of "
            "devices is no name of one device; such as 0, VENDOR/0 or a UUID are wanted");

  backends_[1].manifest.device_mounts = {"/var/run/acme-container-devices"};
  const Request shared = mounted({"/var/run/acme-container-devices/0"});
  EXPECT_THAT(shared.claimed_by, ElementsAre("acme", "globex"));
  EXPECT_THAT(shared.selectors[0].vendors, IsEmpty());

  backends_[0].refused = true;
  backends_[0].reason = "made so";
  EXPECT_EQ(mount_error("/var/run/acme-container-devices/0"),
            "mount /var/run/acme-container-devices/0 is set, but the backend acme, which serves "
            "it, was refused: made so");
}

TEST_F(MountsTest, MountsBelowTheCommonFolderAreAboutEveryBackend) {
  const Request request =
      mounted({"/var/run/acme-container-devices/0", "/var/run/xpu-container-devices/globex/1"});
  EXPECT_THAT(request.claimed_by, IsEmpty());
  EXPECT_EQ(request.capabilities.size(), 2U);
  EXPECT_THAT(request.selectors[0].claimed_by, ElementsAre("acme"));
  EXPECT_THAT(request.selectors[1].claimed_by, IsEmpty());
}

TEST_F(MountsTest, MountsAreBelowAFolderOnAPathBoundary) {
  for (const char* path :
       {"/var/run/xpu-container-devices/0", "//var//run/xpu-container-devices//0",
        "/var/run/xpu-container-devices/0/", "/var/run/./xpu-container-devices/./0",
        "/var/run/x/../xpu-container-devices/1/../0", "/../var/run/xpu-container-devices/0",
        "var/run/xpu-container-devices/0"}) {
    EXPECT_THAT(asked(mounted({path})), ElementsAre("|0")) << path;
  }
  for (const char* path :
       {"/var/run/xpu-container-devices", "/var/run/xpu-container-devices/",
        "/var/run/xpu-container-devices-evil/0", "/var/run/xpu-container-devices/../0",
        "/var/run/xpu-container-devices/0/..", "/x/var/run/xpu-container-devices/0",
        "/var/run/xpu-container-device/0", "/run/xpu-container-devices/0", "",
        "/var/run/acme-container-devices-evil/0", "/var/run/xpu-container-devices/void"}) {
    EXPECT_EQ(mounted({path}).kind, RequestKind::kNone) << path;
    EXPECT_EQ(asking(), "");
  }
}

TEST_F(MountsTest, MountsOfAnythingElseAreErrors) {
  for (const char* rest : {"0,1", "a/b/c", "acme/0/1", "Acme/0", "a:b/0", "count=2", "vram>=8GB",
                           "0,", "0000:65:00.0/1"}) {
    const std::string path = std::string("/var/run/xpu-container-devices/") + rest;
    EXPECT_EQ(mount_error(path),
              "mount " + path +
                  ": what stands below the folder of devices is no name of one device; such as 0, "
                  "VENDOR/0 or a UUID are wanted");
  }
  EXPECT_EQ(error_of([&] {
              mounted({"/var/run/xpu-container-devices/0", "/var/run/xpu-container-devices/none"});
            }),
            "mount /var/run/xpu-container-devices/0: 'none' cannot be combined with other mounts");
}

TEST_F(MountsTest, MountsAreBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 5000; ++i) {
    many.push_back("/var/run/xpu-container-devices/" + std::to_string(i));
    many.push_back("/var/run//xpu-container-devices/0");
  }
  EXPECT_EQ(error_of([&] { mounted(many); }),
            "mount /var/run/xpu-container-devices/4096: mounts ask for more than 4096 devices");
  many.resize(8192);
  const Request request = mounted(many);
  EXPECT_EQ(request.selectors.size(), 4096U);
  EXPECT_TRUE(request.variable.ends_with(" and 4080 more")) << request.variable;
}

}  // namespace
}  // namespace xpu
