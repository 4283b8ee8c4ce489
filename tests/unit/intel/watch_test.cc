// SPDX-License-Identifier: Apache-2.0
// Uevents as i915, xe, intel_vpu and the PCI bus send them, in a testbed.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "tests/unit/intel/live.h"
#include "tests/unit/sdk/testbed.h"

namespace xpu::test {
namespace {

using sdk::test::Testbed;
using testing::ElementsAre;
using testing::IsEmpty;

const std::map<std::string, std::string> kGpu = {
    {"vendor", "0x8086"}, {"device", "0x56a0"}, {"class", "0x030000"}};
const std::map<std::string, std::string> kGpuIds = {{"PCI_ID", "8086:56A0"},
                                                    {"PCI_CLASS", "30000"}};

std::string add_gpu(Testbed& bed, const std::string& address = "0000:03:00.0") {
  return bed.add("pci", address, "", kGpu, kGpuIds);
}
std::string add_card(Testbed& bed, const std::string& gpu) {
  return bed.add("drm", "drm/card0", gpu, {},
                 {{"DEVTYPE", "drm_minor"}, {"DEVNAME", "/dev/dri/card0"}});
}

TEST(IntelWatch, ADeviceComesAndGoes) {
  XPU_IN_TESTBED();
  Testbed bed;
  add_gpu(bed, "0000:09:00.0");
  Live live(bed.root());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  EXPECT_THAT(live.events(0), IsEmpty());
  EXPECT_EQ(live.next_ms, XPU_NO_TIMEOUT);
  const std::string gpu = add_gpu(bed);
  const std::string card = add_card(bed, gpu);
  EXPECT_THAT(live.events(), ElementsAre("added 0000:03:00.0 it appeared on the PCI bus",
                                         "added 0000:03:00.0 its node /dev/dri/card0 appeared"));
  bed.event(gpu, "bind", {{"DRIVER", "xe"}});
  EXPECT_THAT(live.events(), ElementsAre("added 0000:03:00.0 the driver xe was bound to it"));
  bed.event(gpu, "unbind");
  EXPECT_THAT(live.events(), ElementsAre("removed 0000:03:00.0 its driver was unbound from it"));
  bed.remove(card);
  bed.remove(gpu);
  EXPECT_THAT(live.events(), ElementsAre("removed 0000:03:00.0 its node /dev/dri/card0 is gone",
                                         "removed 0000:03:00.0 it is no longer on the PCI bus"));
}

TEST(IntelWatch, OnlyWhatIsIntels) {
  XPU_IN_TESTBED();
  Testbed bed;
  add_gpu(bed, "0000:09:00.0");
  Live live(bed.root());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  const std::string other = bed.add("pci", "0000:04:00.0", "",
                                    {{"vendor", "0x1002"}, {"device", "1"}, {"class", "0x030000"}},
                                    {{"PCI_ID", "1002:744C"}, {"PCI_CLASS", "30000"}});
  bed.event(add_card(bed, other), "change", {{"WEDGED", "rebind"}});
  // Intel's, but a network card; and one whose event does not say what it is.
  bed.add("pci", "0000:05:00.0", "", {}, {{"PCI_ID", "8086:1572"}, {"PCI_CLASS", "20000"}});
  bed.add("pci", "0000:06:00.0", "", {{"vendor", "0x8086"}, {"device", "1"}, {"class", "0x020000"}},
          {});
  bed.add("module", "ext4", "", {}, {});
  EXPECT_THAT(live.events(500), IsEmpty());
  bed.add("module", "xe", "", {}, {});
  EXPECT_THAT(live.events(), ElementsAre("added  the kernel module xe was loaded"));
}

TEST(IntelWatch, VirtualFunctionsAppear) {
  XPU_IN_TESTBED();
  Testbed bed;
  const std::string gpu = add_gpu(bed);
  Live live(bed.root());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  std::filesystem::create_directories(bed.root() + "/sys/devices/0000:03:00.1");
  std::filesystem::create_symlink("../0000:03:00.0",
                                  bed.root() + "/sys/devices/0000:03:00.1/physfn");
  add_gpu(bed, "0000:03:00.1");
  bed.event(gpu, "change");
  EXPECT_THAT(live.events(),
              ElementsAre("added 0000:03:00.1 it appeared as a virtual function of 0000:03:00.0",
                          "changed 0000:03:00.0 the kernel says that it changed, as with its "
                          "virtual functions"));
}

TEST(IntelWatch, AWedgedDeviceHasFailed) {
  XPU_IN_TESTBED();
  Testbed bed;
  const std::string gpu = add_gpu(bed), card = add_card(bed, gpu);
  Live live(bed.root());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  bed.event(card, "change", {{"WEDGED", "rebind,bus-reset"}});
  EXPECT_THAT(live.events(), ElementsAre("health failed 0000:03:00.0 wedged: its driver has given "
                                         "it up (WEDGED=rebind,bus-reset)"));
  bed.event(card, "change", {{"WEDGED", "none"}});
  EXPECT_THAT(live.events(), ElementsAre("health ok 0000:03:00.0 recovered: its driver has reset "
                                         "it (WEDGED=none)"));
  bed.event(gpu, "change", {{"DEVICE_STATUS", "NEEDS_RESET"}, {"REASON", "GT_RESET_FAILED"}});
  EXPECT_THAT(live.events(), ElementsAre("health failed 0000:03:00.0 wedged: its driver says that "
                                         "it needs a reset (GT_RESET_FAILED)"));
  bed.event(gpu, "change", {{"IVPU_PM_EVENT", "IVPU_RECOVER"}});
  EXPECT_THAT(live.events(), ElementsAre("health ok 0000:03:00.0 recovered: its driver has reset "
                                         "it (IVPU_RECOVER)"));
  // A display was plugged in.
  bed.event(card, "change", {{"HOTPLUG", "1"}});
  EXPECT_THAT(live.events(500), IsEmpty());
}

TEST(IntelWatch, AResetThatHelps) {
  XPU_IN_TESTBED();
  Testbed bed;
  const std::string card = add_card(bed, add_gpu(bed));
  Live live(bed.root());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  bed.event(card, "change", {{"ERROR", "1"}});
  bed.event(card, "change", {{"RESET", "1"}});
  EXPECT_THAT(live.events(),
              ElementsAre("health degraded 0000:03:00.0 hang: its driver found a hang (ERROR=1)"));
  EXPECT_GT(live.next_ms, 80'000u);
  EXPECT_LE(live.next_ms, 90'000u);
  bed.event(card, "change", {{"ERROR", "0"}});
  EXPECT_THAT(live.events(), ElementsAre("health ok 0000:03:00.0 recovered: its driver has reset "
                                         "it after a hang (ERROR=0)"));
  EXPECT_EQ(live.next_ms, XPU_NO_TIMEOUT);
}

TEST(IntelWatch, AResetThatDoesNotEnd) {
  XPU_IN_TESTBED();
  Testbed bed;
  const std::string card = add_card(bed, add_gpu(bed));
  Live live(bed.root(), {{"reset-seconds", "1"}});
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  bed.event(card, "change", {{"RESET", "1"}});
  EXPECT_THAT(live.events(), IsEmpty());
  EXPECT_LE(live.next_ms, 1000u);
  EXPECT_THAT(live.events(1100), ElementsAre("health failed 0000:03:00.0 reset-unfinished: its "
                                             "driver began a reset and has not said for 1 s that "
                                             "it is over"));
  EXPECT_THAT(live.events(0), IsEmpty()) << "once";
}

TEST(IntelWatch, WhatCountsIsConfigured) {
  XPU_IN_TESTBED();
  Testbed bed;
  const std::string card = add_card(bed, add_gpu(bed));
  Live live(bed.root(), {{"health-failed", "hang"}, {"health-degraded", " wedged, recovered"}});
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  bed.event(card, "change", {{"ERROR", "1"}});
  bed.event(card, "change", {{"WEDGED", "none"}});
  bed.event(card, "change", {{"WEDGED", "rebind"}});
  bed.event(card, "change", {{"L3_PARITY_ERROR", "1"}});
  std::vector<std::string> begins;
  for (const std::string& event : live.events()) {
    begins.push_back(event.substr(0, event.find(':', event.find("03:00.0") + 7)));
  }
  EXPECT_THAT(
      begins,
      ElementsAre("health failed 0000:03:00.0 hang", "health degraded 0000:03:00.0 recovered",
                  "health degraded 0000:03:00.0 wedged", "health ok 0000:03:00.0 cache-parity"));
}

TEST(IntelWatch, OptionsThatAreWrong) {
  XPU_NEEDS_ROOT();
  Machine machine("laptop");
  const auto error = [&](const std::string& option, const std::string& value) {
    Live live(machine.folder.path(), {{option, value}});
    EXPECT_EQ(live.start_watching(), XPU_INVALID);
    return live.error;
  };
  EXPECT_EQ(error("reset-seconds", "0"),
            "option reset-seconds is \"0\"; it takes a number, 1 to 3600");
  EXPECT_EQ(error("health-degraded", "hang,wedged"),
            "\"wedged\" is in both options health-failed and health-degraded");
  EXPECT_THAT(error("health-failed", "stuck"),
              testing::StartsWith("option health-failed has \"stuck\"; it takes wedged, "));
  EXPECT_EQ(describe(machine.folder.path(), {{"health-failed", "stuck"}}).status, XPU_INVALID);
}

TEST(IntelWatch, NothingToWatch) {
  sdk::test::Tree tree;
  Live live(tree.path());
  EXPECT_EQ(live.start_watching(), XPU_ABSENT);
  EXPECT_EQ(live.error,
            "no Intel GPU, NPU or Gaudi is on the PCI bus, and no driver for one is loaded");
  EXPECT_EQ(live.descriptor(), -1);
  EXPECT_EQ(live.start_sampling(), XPU_ABSENT);
  tree.folder("/sys/bus/pci/drivers/xe");
  EXPECT_EQ(live.start_watching(), XPU_OK) << "a device may come";
}

TEST(IntelWatch, GaudisAreAskedForTheirState) {
  XPU_NEEDS_ROOT();
  Machine machine("gaudi");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error;
  EXPECT_THAT(live.events(0), IsEmpty());
  EXPECT_GE(live.next_ms, 4900u);
  EXPECT_LE(live.next_ms, 5000u);
  machine.tree.attribute("0000:10:00.0", "status", "In reset\n");
  machine.tree.attribute("0000:18:00.0", "status", "Malfunction\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(live.next_ms));
  EXPECT_THAT(
      live.events(0),
      ElementsAre("health degraded 0000:10:00.0 gaudi-in-reset: its driver says \"In reset\"",
                  "health failed 0000:18:00.0 gaudi-malfunction: its driver says "
                  "\"Malfunction\""));
}

}  // namespace
}  // namespace xpu::test
