// SPDX-License-Identifier: Apache-2.0
#include "core/start/concern.h"

#include <gtest/gtest.h>

namespace xpu {
namespace {

constexpr std::string_view kAcme = R"(# device-mounts are folders
[request]
device-variables = ["ACME_VISIBLE_DEVICES"]
device-mounts = [ "/run/other-folder",
  '/var/run/acme-container-devices' ]
[detect]
any = ["/proc/driver/acme"]
)";

class ConcernTest : public ::testing::Test {
 protected:
  // Of a container with these entries of process.env.
  bool concerns(std::string_view environment, std::string_view manifest = kAcme) const {
    return with(R"({"process": {"env": [)" + std::string(environment) + "]}}", manifest);
  }
  bool with(const std::string& text, std::string_view manifest = kAcme) const {
    return Concern(text, config_, false).with(manifest);
  }
  bool can_ask(const std::string& text, bool slurm = false) const {
    FoundBackend acme;
    acme.manifest.device_variables = {"ACME_VISIBLE_DEVICES", "ANVIL"};
    acme.manifest.device_mounts = {"/run/other-folder", "/var/run/acme-container-devices"};
    return Concern(text, config_, slurm).can_ask({acme});
  }
  // What asks asks everybody, whatever the manifests say.
  bool asks_everybody(const std::string& text) const {
    const bool concerned = with(text, "");
    if (concerned || text.find("\"XPU_") == text.npos) {
      EXPECT_EQ(concerned, Concern(text, config_, false).can_ask({})) << text;
    }
    return concerned;
  }

  Config config_;
};

TEST_F(ConcernTest, IsABackendWhoseVariableIsSet) {
  EXPECT_TRUE(concerns(R"("ACME_VISIBLE_DEVICES=0")"));
  EXPECT_TRUE(concerns(R"("PATH=/bin", "ACME_VISIBLE_DEVICES=")"));
  EXPECT_TRUE(concerns(R"("lower_case=1")", "device-variables = ['lower_case']"));
  EXPECT_TRUE(concerns(R"("A=1")", "variables = [\"\"\"\nA\"\"\"]"));
}

// A bare name in a variable of another vendor is about it then.
TEST_F(ConcernTest, IsTheBackendOfTheDefaultKindWhereOnlyFilesAreAsked) {
  const std::string_view beta = "[[cdi.kinds]]\nkind = \"beta.com/npu\"\n";
  EXPECT_FALSE(concerns(R"("ACME_VISIBLE_DEVICES=0")", beta));
  config_.cdi_default_kind = "beta.com/npu";
  EXPECT_FALSE(concerns(R"("ACME_VISIBLE_DEVICES=0")", beta));
  config_.mode = "cdi";
  EXPECT_TRUE(concerns(R"("ACME_VISIBLE_DEVICES=0")", beta));
  EXPECT_FALSE(concerns("", kAcme));
}

TEST_F(ConcernTest, IsNoOtherBackend) {
  EXPECT_FALSE(concerns(""));
  EXPECT_FALSE(concerns(R"("PATH=/bin", "OTHER_VISIBLE_DEVICES=0")"));
  EXPECT_FALSE(concerns(R"("MY_ACME_VISIBLE_DEVICES=0")"));
  EXPECT_FALSE(concerns(R"("ACME_VISIBLE_DEVICES_=0")"));
  EXPECT_FALSE(concerns(R"("ACME_VISIBLE_DEVICES")"));
  EXPECT_FALSE(concerns(R"("x ACME_VISIBLE_DEVICES=0")"));
}

TEST_F(ConcernTest, IsEveryBackendForTheRuntimesOwnWords) {
  for (const char* name :
       {"XPU_VISIBLE_DEVICES", "XPU_DEVICE_TYPE", "XPU_COUNT", "XPU_MAX_GPU",
        "XPU_ENABLE_MULTI_GPU", "XPU_MIN_VRAM", "XPU_MIN_ARCH", "XPU_STRATEGY"}) {
    EXPECT_TRUE(asks_everybody("[\"" + std::string(name) + "=1\"]")) << name;
    EXPECT_FALSE(asks_everybody("[\"NOT_" + std::string(name) + "_=1\"]")) << name;
  }
  for (const char* name : {"XPU_SHARING", "XPU_AFFINITY", "XPU_DRIVER_CAPABILITIES", "XPU_WAIT",
                           "XPU_LABEL", "XPU_OTHER"}) {
    EXPECT_FALSE(asks_everybody("[\"" + std::string(name) + "=1\"]")) << name;
    EXPECT_TRUE(can_ask("[\"" + std::string(name) + "=1\"]")) << "who meant to is told";
  }
  EXPECT_TRUE(asks_everybody(R"({"annotations":{"xpu.dev/count":"1"}})"));
  EXPECT_TRUE(asks_everybody(R"({"annotations":{"xpu.dev\/count":"1"}})"));
  EXPECT_FALSE(asks_everybody(R"({"annotations":{"example.com/xpu.dev":"1"}})"));
}

TEST_F(ConcernTest, IsEveryBackendForAliases) {
  EXPECT_FALSE(asks_everybody(R"(["OTHER_MIN=8GB"])"));
  config_.aliases = {{"OTHER_MIN", "XPU_MIN_VRAM", {}}};
  EXPECT_TRUE(asks_everybody(R"(["OTHER_MIN=8GB"])"));
  EXPECT_FALSE(asks_everybody(R"(["OTHER_MINI=8GB"])"));
}

TEST_F(ConcernTest, IsEveryBackendForMountsBelowTheCommonFolder) {
  for (const char* source : {"/dev/null", "\\/dev\\/null", "/dev\\/null"}) {
    EXPECT_TRUE(asks_everybody(R"([{"source":")" + std::string(source) +
                               R"(","destination":"\/var/run//xpu-container-devices/0"}])"));
  }
  EXPECT_FALSE(asks_everybody(R"(["tail", "-f", "/dev/null"])"));
  EXPECT_FALSE(asks_everybody(R"(["/dev/nullify", "/var/run/xpu-container-devices/0"])"));
}

TEST_F(ConcernTest, IsABackendWithAFolderOfAMount) {
  for (const char* folder : {"acme-container-devices", "other-folder"}) {
    const std::string text =
        R"([{"destination":"/var/run/)" + std::string(folder) + R"(/0","source":"/dev/null"}])";
    EXPECT_TRUE(with(text)) << folder;
    EXPECT_TRUE(can_ask(text)) << folder;
  }
  const std::string beside = R"(["/dev/null", "/var/run/globex-container-devices/0", "acme"])";
  EXPECT_FALSE(with(beside));
  EXPECT_FALSE(can_ask(beside));
  EXPECT_FALSE(with(R"(["/dev/zero", "/var/run/acme-container-devices/0"])"));
}

TEST_F(ConcernTest, IsEveryBackendForSlurmAndTheDefaultRequest) {
  EXPECT_FALSE(can_ask("{}"));
  EXPECT_TRUE(can_ask("{}", true));
  EXPECT_TRUE(Concern("{}", config_, true).with(""));
  config_.default_request = "auto";
  EXPECT_TRUE(asks_everybody("{}"));
  config_.profile = "multi-tenant";
  EXPECT_FALSE(asks_everybody("{}"));
}

TEST_F(ConcernTest, IsTakenForGrantedBehindEscapes) {
  EXPECT_TRUE(asks_everybody(R"(["\u0041CME_VISIBLE_DEVICES=0"])"));
  EXPECT_TRUE(concerns(R"("PATH=/bin")", "device-variables = [\"\\u0041CME\"]"));
}

TEST_F(ConcernTest, TakesLongNamesAsWell) {
  const std::string name(80, 'A');
  EXPECT_TRUE(concerns("\"" + name + "=1\"", "['" + name + "']"));
  EXPECT_FALSE(concerns("\"" + name + "=1\"", "['" + name + "B']"));
}

TEST_F(ConcernTest, AContainerCanAskByAVariableOfABackendOrAWellKnownOne) {
  EXPECT_TRUE(can_ask(R"(["ANVIL=0"])"));
  EXPECT_TRUE(can_ask(R"(["OTHER_VISIBLE_DEVICES=0"])"));
  EXPECT_FALSE(can_ask(R"(["PATH=/bin", "OTHER_DEVICES=0", "ANVILS=0"])"));
}

}  // namespace
}  // namespace xpu
