// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/pci.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

using test::Tree;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

void add_device(const Tree& tree, const std::string& address, const std::string& device_class) {
  const std::string real = "/sys/devices/pci0000:00/" + address;
  tree.file(real + "/vendor", "0x1ace\n");
  tree.file(real + "/device", "0x0042\n");
  tree.file(real + "/class", device_class + "\n");
  tree.link("/sys/bus/pci/devices/" + address, "../../../devices/pci0000:00/" + address);
}

TEST(Pci, NormalAddress) {
  EXPECT_THAT(normal_pci_address("00000000:65:00.0"), Optional(std::string("0000:65:00.0")));
  EXPECT_THAT(normal_pci_address("0000:AF:1F.7"), Optional(std::string("0000:af:1f.7")));
  EXPECT_THAT(normal_pci_address("65:00.0"), Optional(std::string("0000:65:00.0")));
  EXPECT_THAT(normal_pci_address("00010000:65:00.0"), Optional(std::string("10000:65:00.0")));
  for (const char* bad : {"", "GPU-1", "0000:65:00.8", "0000:65:00", "0000:6g:00.0", ":65:00.0",
                          "000000000:65:00.0", "0000:65:00.0 ", "0000:65.00:0", "a:b:c"}) {
    EXPECT_EQ(normal_pci_address(bad), std::nullopt) << bad;
  }
}

TEST(Pci, WalksTheTree) {
  const Tree tree;
  add_device(tree, "0000:65:00.0", "0x030200");
  add_device(tree, "0000:01:00.0", "0x120000");
  const std::string first = "/sys/devices/pci0000:00/0000:65:00.0";
  tree.file(first + "/numa_node", "1\n");
  tree.link(first + "/driver", "../../../bus/pci/drivers/acme");
  const auto devices = pci_devices(Root(tree.path()));
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].address, "0000:01:00.0");
  EXPECT_EQ(devices[0].device_class, 0x120000u);
  EXPECT_EQ(devices[0].numa_node, -1);
  EXPECT_EQ(devices[0].driver, "");
  EXPECT_EQ(devices[1].vendor, 0x1ace);
  EXPECT_EQ(devices[1].device, 0x42);
  EXPECT_EQ(devices[1].numa_node, 1);
  EXPECT_EQ(devices[1].driver, "acme");
  EXPECT_EQ(devices[1].path, "/sys/bus/pci/devices/0000:65:00.0");
}

TEST(Pci, NumaNodes) {
  const Tree tree;
  const Root root(tree.path());
  EXPECT_EQ(numa_node(root, "/none"), -1);
  const struct {
    const char* text;
    int node;
  } cases[] = {{"0", 0}, {"7\n", 7}, {"-1", -1}, {"-5", -1}, {"4294967296", -1}, {"0,1", -1}};
  for (const auto& one : cases) {
    tree.file("/device/numa_node", one.text);
    EXPECT_EQ(numa_node(root, "/device"), one.node) << one.text;
  }
}

TEST(Pci, LeavesOutWhatCannotBeRead) {
  const Tree tree;
  add_device(tree, "0000:01:00.0", "0x030000");
  tree.folder("/sys/bus/pci/devices/0000:02:00.0");
  tree.file("/sys/bus/pci/devices/0000:03:00.0/vendor", "garbage");
  EXPECT_EQ(pci_devices(Root(tree.path())).size(), 1u);
  EXPECT_THAT(pci_devices(Root(tree.at("/none"))), IsEmpty());
}

TEST(Pci, OneDevice) {
  const Tree tree;
  add_device(tree, "0000:65:00.0", "0x030200");
  const Root root(tree.path());
  ASSERT_TRUE(pci_device(root, "00000000:65:00.0"));
  EXPECT_EQ(pci_device(root, "65:00.0")->address, "0000:65:00.0");
  EXPECT_EQ(pci_device(root, "0000:66:00.0"), std::nullopt);
  EXPECT_EQ(pci_device(root, "../../.."), std::nullopt);
}

TEST(Pci, DrmNodes) {
  const Tree tree;
  add_device(tree, "0000:65:00.0", "0x030000");
  for (const char* name : {"renderD128", "card0", "card0-HDMI-A-1", "controlD64", "card"}) {
    tree.folder(std::string("/sys/devices/pci0000:00/0000:65:00.0/drm/") + name);
  }
  const Root root(tree.path());
  EXPECT_THAT(drm_nodes(root, "0000:65:00.0"), ElementsAre("card0", "renderD128"));
  EXPECT_THAT(drm_nodes(root, "0000:66:00.0"), IsEmpty());
}

// A real machine's sysfs: 26 devices, of which some are bridges.
TEST(Pci, RealSnapshot) {
  const std::string archive = test::fixture("sysfs/ghw-snapshots/linux-amd64-accel.tar.gz");
  if (archive.empty()) {
    GTEST_SKIP() << "no fixtures (XPU_FIXTURES)";
  }
  const Tree tree;
  test::output_of("tar -xzf " + archive + " -C " + tree.path());
  int accelerators = 0, bridges = 0;
  const auto devices = pci_devices(Root(tree.path()));
  for (const PciDevice& device : devices) {
    accelerators += device.device_class >> 16 == 0x12;
    bridges += device.driver == "pcieport";
  }
  EXPECT_EQ(devices.size(), 26u);
  EXPECT_EQ(accelerators, 1);
  EXPECT_EQ(bridges, 14);
}

}  // namespace
}  // namespace xpu::sdk
