// SPDX-License-Identifier: Apache-2.0
// Trees of sysfs that lack something: links that were recorded as folders or not at all, classes,
// files. What is left says enough.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/intel/describe.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

namespace fs = std::filesystem;

class Incomplete : public testing::Test {
 protected:
  void SetUp() override { XPU_NEEDS_ROOT(); }

  void nodes() {
    host.tree.node("/dev/dri/card0", {226, 0});
    host.tree.node("/dev/dri/renderD128", {226, 128});
  }

  Machine host{""};
};

void expect_flex(const Description& found) {
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  ASSERT_THAT(found.ids(), ElementsAre("intel:0"));
  const Device& gpu = found.devices.at("intel:0");
  EXPECT_EQ(gpu.flags, 0u) << gpu.reason;
  EXPECT_EQ(gpu.pci, "0000:4d:00.0");
  EXPECT_EQ(gpu.architecture, "xe-hpg");
  EXPECT_EQ(gpu.properties.at("kernel-driver"), "i915");
  EXPECT_THAT(found.nodes,
              ElementsAre(Pair("intel:0", ElementsAre("/dev/dri/card0", "/dev/dri/renderD128"))));
  EXPECT_THAT(found.links.at("intel:0"),
              ElementsAre("/dev/dri/by-path/pci-0000:4d:00.0-card -> ../card0",
                          "/dev/dri/by-path/pci-0000:4d:00.0-render -> ../renderD128"));
}

TEST_F(Incomplete, FoldersInsteadOfLinks) {
  const std::string device = "/sys/class/drm/card0/device";
  host.tree.file(device + "/vendor", "0x8086\n");
  host.tree.file(device + "/device", "0x56c0\n");
  host.tree.file(device + "/uevent",
                 "DRIVER=i915\nPCI_CLASS=38000\nPCI_SLOT_NAME=0000:4D:00.0\nMODALIAS=x\n");
  host.tree.file(device + "/drm/card0/dev", "226:0\n");
  host.tree.file(device + "/drm/renderD128/dev", "226:128\n");
  nodes();
  expect_flex(host.describe());
}

TEST_F(Incomplete, NothingButUeventsInTheClass) {
  for (const char* name : {"card0", "renderD128"}) {
    host.tree.file("/sys/class/drm/" + std::string(name) + "/device/uevent",
                   "DRIVER=i915\nPCI_ID=8086:56C0\nPCI_SLOT_NAME=0000:4d:00.0\n");
  }
  nodes();
  expect_flex(host.describe());
}

TEST_F(Incomplete, DriversOfOtherVendorsAreToldByTheUeventToo) {
  host.tree.file("/sys/class/drm/card0/device/uevent",
                 "DRIVER=vfio-pci\nPCI_ID=8086:56C0\nPCI_SLOT_NAME=0000:4d:00.0\n");
  host.tree.file("/sys/class/drm/card1/device/uevent", "PCI_SLOT_NAME=0000:4e:00.0\n");
  nodes();
  EXPECT_EQ(host.describe().status, XPU_ABSENT);
}

TEST_F(Incomplete, FoldersOfTheBusWithoutClasses) {
  const std::string gpu = "/sys/bus/pci/devices/0000:4d:00.0";
  host.tree.file(gpu + "/vendor", "0x8086\n");
  host.tree.file(gpu + "/device", "0x56c0\n");
  host.tree.file(gpu + "/uevent", "DRIVER=i915\n");
  host.tree.file(gpu + "/drm/card0/dev", "226:0\n");
  host.tree.file(gpu + "/drm/renderD128/dev", "226:128\n");
  nodes();
  expect_flex(host.describe());

  const std::string npu = "/sys/bus/pci/devices/0000:00:0b.0";
  host.tree.file(npu + "/vendor", "0x8086\n");
  host.tree.file(npu + "/device", "0x643e\n");
  host.tree.file(npu + "/class", "0x120000\n");
  host.tree.file(npu + "/accel/accel0/dev", "261:0\n");
  host.tree.node("/dev/accel/accel0", {261, 0});
  const Description found = host.describe();
  EXPECT_EQ(found.devices.at("intel:1").kind, XPU_KIND_NPU);
  EXPECT_EQ(found.devices.at("intel:1").architecture, "npu-40xx");
  EXPECT_THAT(found.nodes.at("intel:1"), ElementsAre("/dev/accel/accel0"));
}

TEST_F(Incomplete, ClassLinksThatLeadNowhere) {
  host.tree.pci("0000:4d:00.0", 0x8086, 0x56c0, 0x038000, "i915");
  host.tree.drm("0000:4d:00.0", 0);
  for (const char* name : {"card0", "renderD128"}) {
    fs::remove(host.folder.at("/sys/class/drm/" + std::string(name)));
    host.folder.link("/sys/class/drm/" + std::string(name), "../../devices/gone");
  }
  expect_flex(host.describe());
}

TEST_F(Incomplete, ARenderNodeAlone) {
  host.tree.pci("0000:4d:00.0", 0x8086, 0x56c0, 0x038000, "i915");
  host.tree.drm("0000:4d:00.0", 0);
  fs::remove(host.folder.at("/sys/class/drm/card0"));
  fs::remove_all(host.folder.at(host.tree.device_folder("0000:4d:00.0") + "/drm/card0"));
  const Description found = host.describe();
  EXPECT_EQ(found.devices.at("intel:0").flags, 0u);
  EXPECT_THAT(found.nodes, ElementsAre(Pair("intel:0", ElementsAre("/dev/dri/renderD128"))));
}

TEST_F(Incomplete, ACardAloneIsNoUseToAContainer) {
  host.tree.pci("0000:4d:00.0", 0x8086, 0x56c0, 0x038000, "i915");
  host.tree.drm("0000:4d:00.0", 0);
  fs::remove(host.folder.at("/sys/class/drm/renderD128"));
  fs::remove_all(host.folder.at(host.tree.device_folder("0000:4d:00.0") + "/drm/renderD128"));
  const Description found = host.describe();
  EXPECT_EQ(found.devices.at("intel:0").flags, XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(found.devices.at("intel:0").reason, "it has no render node");
}

TEST_F(Incomplete, WhoseADeviceIsWithoutItsNumbers) {
  host.tree.pci("0000:4d:00.0", 0x8086, 0x56c0, 0x038000, "xe");
  host.tree.drm("0000:4d:00.0", 0);
  for (const char* file : {"vendor", "device"}) {
    fs::remove(host.folder.at(host.tree.device_folder("0000:4d:00.0") + "/" + file));
  }
  EXPECT_EQ(host.describe().devices.at("intel:0").name, "Intel GPU");
}

TEST_F(Incomplete, VirtualFunctionsAsFolders) {
  for (const char* function : {"0", "1"}) {
    const std::string card = "/sys/class/drm/card" + std::string(function);
    host.tree.file(
        card + "/device/uevent",
        "DRIVER=xe\nPCI_ID=8086:E211\nPCI_SLOT_NAME=0000:4d:00." + std::string(function) + "\n");
    host.tree.file(card + "/device/drm/renderD12" + (*function == '0' ? "8" : "9") + "/dev",
                   std::string("226:12") + (*function == '0' ? "8" : "9") + "\n");
  }
  host.tree.file("/sys/class/drm/card0/device/virtfn0/uevent", "PCI_SLOT_NAME=0000:4d:00.1\n");
  EXPECT_THAT(host.describe().ids(), ElementsAre("intel:0", "intel:0:0"));
}

TEST_F(Incomplete, AGaudiOfWhichOnlyItsClassIsKnown) {
  host.tree.old_gaudi("0000:20:00.0", "hl3");
  const Description found = host.describe();
  ASSERT_THAT(found.ids(), ElementsAre("habana:3"));
  EXPECT_EQ(found.devices.at("habana:3").name, "Intel Gaudi");
  EXPECT_THAT(found.nodes, ElementsAre(Pair("habana:3", ElementsAre("/dev/hl3"))));
}

}  // namespace
}  // namespace xpu::test
