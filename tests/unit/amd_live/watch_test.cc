// SPDX-License-Identifier: Apache-2.0
// What uevents tell: devices that come and go, GPUs that the driver resets or gives up, and
// messages that are lost.
#include "tests/unit/amd_live/live.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFirst = "0000:03:00.0";
constexpr const char* kSecond = "0000:04:00.0";

class Watching : public LiveMachine {
 protected:
  void SetUp() override {
    LiveMachine::SetUp();
    if (!IsSkipped()) {
      add(kFirst);
      add(kSecond).unique_id = 0x79ccd55167a2124a;
    }
  }
  std::vector<std::string> after(const std::string& path, const std::string& action,
                                 const Properties& properties = {}) {
    tell(path, action, properties);
    live_->dispatch();
    return live_->events();
  }
};

TEST_F(Watching, NothingHappens) {
  start();
  EXPECT_THAT(live_->events(), IsEmpty());
  EXPECT_LE(live_->dispatch_once(), 2001u);
  EXPECT_GE(live_->descriptor(), 0);
}

TEST_F(Watching, AGpuGoesAndComesBack) {
  start();
  EXPECT_THAT(after(function_of(kFirst), "unbind"),
              ElementsAre("removed 0000:03:00.0: the GPU at 0000:03:00.0 lost its driver"));
  EXPECT_THAT(after(function_of(kFirst), "remove"),
              ElementsAre("removed 0000:03:00.0: the GPU at 0000:03:00.0 was removed"));
  EXPECT_THAT(after(function_of(kFirst), "add"),
              ElementsAre("added 0000:03:00.0: the GPU at 0000:03:00.0 was added"));
  EXPECT_THAT(after(function_of(kFirst), "bind"),
              ElementsAre("added 0000:03:00.0: the GPU at 0000:03:00.0 was bound (driver amdgpu)"));
}

TEST_F(Watching, AGpuThatNobodyKnewComes) {
  start();
  plug("pci", "0000:83:00.0", "", {{"PCI_ID", "1002:74A1"}, {"PCI_CLASS", "120000"}});
  live_->dispatch();
  EXPECT_THAT(live_->events(),
              ElementsAre("added 0000:83:00.0: the GPU at 0000:83:00.0 was added"));
}

TEST_F(Watching, DevicesOfOthersAndOtherDevicesOfOursAreNotOurs) {
  start();
  const auto gpu = plug("pci", "0000:0a:00.0", "",
                        {{"PCI_ID", "10DE:2330"}, {"PCI_CLASS", "30200"}, {"DRIVER", "nvidia"}});
  plug("drm", "card9", gpu, {{"DEVNAME", "dri/card9"}, {"WEDGED", "rebind"}});
  // The sound of a graphics card, and a bridge of the chipset.
  plug("pci", "0000:03:00.1", "", {{"PCI_ID", "1002:AB38"}, {"PCI_CLASS", "40300"}});
  plug("pci", "0000:00:01.1", "", {{"PCI_ID", "1022:14DB"}, {"PCI_CLASS", "60400"}});
  plug("module", "i915", "", {});
  live_->dispatch();
  EXPECT_THAT(live_->events(), IsEmpty());
}

TEST_F(Watching, NodesAndTheDriver) {
  start();
  EXPECT_THAT(after(card_of(kFirst), "remove"),
              ElementsAre("changed 0000:03:00.0: /dev/dri/card0 went"));
  EXPECT_THAT(after(card_of(kFirst), "add"),
              ElementsAre("changed 0000:03:00.0: /dev/dri/card0 appeared"));
  // A screen that is plugged in changes nothing.
  EXPECT_THAT(after(card_of(kFirst), "change", {{"HOTPLUG", "1"}}), IsEmpty());
  const auto part = plug("platform", "amdgpu_xcp_3", "", {});
  plug("drm", "renderD140", part, {{"DEVNAME", "dri/renderD140"}, {"DEVTYPE", "drm_minor"}});
  const auto module = plug("module", "amdgpu", "", {});
  const auto kfd = plug("kfd", "kfd", "", {{"DEVNAME", "kfd"}});
  live_->dispatch();
  EXPECT_THAT(live_->events(), ElementsAre("changed : /dev/dri/renderD140 appeared",
                                           "added : the driver amdgpu was loaded",
                                           "added : the compute driver (KFD) appeared"));
  EXPECT_THAT(after(module, "remove"), ElementsAre("removed : the driver amdgpu was unloaded"));
  EXPECT_THAT(after(kfd, "remove"), ElementsAre("removed : the compute driver (KFD) went"));
}

TEST_F(Watching, AResetThatTheDriverTellsOf) {
  start();
  EXPECT_THAT(
      after(card_of(kSecond), "change", {{"WEDGED", "none"}}),
      ElementsAre("health degraded 0x79ccd55167a2124a: the GPU at 0000:04:00.0: it was reset once "
                  "within an hour"));
  // The same one, told again.
  EXPECT_THAT(after(card_of(kSecond), "change", {{"WEDGED", "none"}}), IsEmpty());
}

TEST_F(Watching, ADumpTellsOfAReset) {
  start();
  tree_.link("/sys/devices/devcd1/failing_device", "../pci0000:00/0000:00:01.1/0000:03:00.0");
  tree_.link("/sys/devices/devcd2/failing_device", "../pci0000:00/0000:00:01.1/0000:0b:00.0");
  plug("devcoredump", "devcd2", "", {});
  plug("devcoredump", "devcd1", "", {});
  live_->dispatch();
  EXPECT_THAT(live_->events(),
              ElementsAre("health degraded 0000:03:00.0: the GPU at 0000:03:00.0: it was reset "
                          "once within an hour: it hung; its state is in /sys/devices/devcd1"));
}

TEST_F(Watching, AGpuThatTheDriverGivesUpUntilItIsBoundAnew) {
  start();
  EXPECT_THAT(
      after(card_of(kFirst), "change", {{"WEDGED", "rebind,bus-reset"}}),
      ElementsAre("health failed 0000:03:00.0: the GPU at 0000:03:00.0: the driver cannot recover "
                  "it; what it asks for: rebind,bus-reset"));
  EXPECT_THAT(
      after(function_of(kFirst), "bind"),
      ElementsAre("added 0000:03:00.0: the GPU at 0000:03:00.0 was bound (driver amdgpu)",
                  "health ok 0000:03:00.0: the GPU at 0000:03:00.0: nothing is wrong with it any "
                  "more"));
}

TEST_F(Watching, TheRulesAreTheAdministrators) {
  start({{"health-wedged", "degraded"}, {"health-reset", "ok"}});
  EXPECT_THAT(after(card_of(kSecond), "change", {{"WEDGED", "none"}}), IsEmpty());
  EXPECT_EQ(after(card_of(kFirst), "change", {{"WEDGED", "unknown"}}).at(0).substr(0, 16),
            "health degraded ");
}

TEST_F(Watching, MessagesThatWereLost) {
  start();
  outside::lose_uevents();
  EXPECT_THAT(after(card_of(kFirst), "change", {{"HOTPLUG", "1"}}),
              ElementsAre("lost : the kernel's messages about devices came faster than they were "
                          "read"));
  // Nothing of it lasts.
  EXPECT_THAT(after(function_of(kFirst), "remove"),
              ElementsAre("removed 0000:03:00.0: the GPU at 0000:03:00.0 was removed"));
}

TEST_F(Watching, ABurst) {
  start();
  for (int round = 0; round < 200; ++round) {
    tell(function_of(kFirst), "add");
    tell(function_of(kSecond), "add");
  }
  live_->dispatch();
  EXPECT_EQ(live_->events().size(), 400u);
}

// sysfs tells no change: these are looked at.
TEST_F(Watching, AGpuIsDividedAnew) {
  machine_.gpus[1].compute_mode = "SPX";
  machine_.gpus[1].memory_mode = "NPS1";
  start({{"look-seconds", "1"}});
  write(folder_of(kSecond) + "/current_compute_partition", "CPX\n");
  write("/sys/devices/virtual/kfd/kfd/topology/generation_id", "3\n");
  ASSERT_TRUE(live_->until([&] { return !live_->seen().empty(); }));
  EXPECT_THAT(live_->events(),
              ElementsAre("changed 0x79ccd55167a2124a: the GPU at 0000:04:00.0 is divided anew: "
                          "spx_nps1, now cpx_nps1"));
  write("/sys/devices/virtual/kfd/kfd/topology/generation_id", "4\n");
  ASSERT_TRUE(live_->until([&] { return !live_->seen().empty(); }));
  EXPECT_THAT(live_->events(), ElementsAre("changed : the topology of the compute driver changed"));
}

TEST_F(Watching, WhatRasCounts) {
  machine_.gpus[0].uncorrectable = 0;
  start({{"look-seconds", "1"}, {"bad-pages", "2"}});
  write(folder_of(kFirst) + "/ras/umc_err_count", "ue: 3\nce: 2\n");
  ASSERT_TRUE(live_->until([&] { return !live_->seen().empty(); }));
  EXPECT_THAT(live_->events(),
              ElementsAre("health degraded 0000:03:00.0: the GPU at 0000:03:00.0: uncorrected "
                          "errors since the driver was loaded: 3"));
}

TEST_F(Watching, NothingToWatch) {
  Live live(tree_.path(), {});
  EXPECT_EQ(live.start_watching(), XPU_ABSENT);
  EXPECT_EQ(live.error(), "the amdgpu driver is not loaded: " + tree_.path() +
                              "/sys/bus/pci/drivers/amdgpu does not exist");
  EXPECT_EQ(live.start_sampling(), XPU_ABSENT);
}

TEST_F(Watching, OptionsThatCannotBe) {
  make_amd_machine(machine_);
  for (const auto& [option, value, message] :
       {std::tuple("health-reset", "bad",
                   "option health-reset is \"bad\"; it is one of \"ok\", \"degraded\" and "
                   "\"failed\""),
        std::tuple("kfd-events", "sometimes",
                   "option kfd-events is \"sometimes\"; it is one of \"while-used\", \"always\" "
                   "and \"never\""),
        std::tuple("look-seconds", "-1",
                   "option look-seconds is \"-1\"; it is a whole number from 0 to 999999999"),
        std::tuple("many-resets", "1234567890",
                   "option many-resets is \"1234567890\"; it is a whole number from 0 to "
                   "999999999"),
        std::tuple("sys-root", "here", "option sys-root is \"here\", which is no absolute path")}) {
    Live live(tree_.path(), {{option, value}});
    EXPECT_EQ(live.start_watching(), XPU_INVALID) << option;
    EXPECT_EQ(live.error(), message);
  }
}

TEST_F(Watching, StartedAnew) {
  start();
  live_->stop_watching();
  EXPECT_EQ(live_->descriptor(), -1);
  ASSERT_EQ(live_->start_watching(), XPU_OK);
  EXPECT_THAT(after(function_of(kFirst), "remove"),
              ElementsAre("removed 0000:03:00.0: the GPU at 0000:03:00.0 was removed"));
}

}  // namespace
}  // namespace xpu::test
