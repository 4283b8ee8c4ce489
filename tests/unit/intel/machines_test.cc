// SPDX-License-Identifier: Apache-2.0
// Whole machines, each compared with a table of what it has.
#include <gmock/gmock.h>

#include "tests/unit/intel/describe.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kGiB = 1ull << 30;

class Machines : public testing::Test {
 protected:
  void SetUp() override { XPU_NEEDS_ROOT(); }
};

struct Row {
  const char* id;
  std::uint32_t kind;
  const char *name, *pci, *architecture;
  std::uint64_t memory;
  int numa;
  const char *integrated, *tiles;
};

void expect_rows(const Description& found, const std::vector<Row>& rows) {
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.size(), rows.size());
  for (const Row& row : rows) {
    SCOPED_TRACE(row.id);
    ASSERT_EQ(found.devices.count(row.id), 1u);
    Device device = found.devices.at(row.id);
    EXPECT_EQ(device.kind, row.kind);
    EXPECT_EQ(device.name, row.name);
    EXPECT_EQ(device.pci, row.pci);
    EXPECT_EQ(device.architecture, row.architecture);
    EXPECT_EQ(device.memory_bytes, row.memory);
    EXPECT_EQ(device.numa_node, row.numa);
    EXPECT_EQ(device.properties["integrated"], row.integrated);
    EXPECT_EQ(device.properties["tiles"], row.tiles);
    EXPECT_EQ(device.flags & XPU_DEVICE_UNAVAILABLE, 0u) << device.reason;
  }
}

TEST_F(Machines, ALaptopWithoutLevelZero) {
  Machine laptop("laptop");
  const Description found = laptop.describe();
  expect_rows(found, {{"intel:0", XPU_KIND_GPU, "Intel GPU 8086:7d55", "0000:00:02.0", "xe-lpg", 0,
                       -1, "true", "1"},
                      {"intel:1", XPU_KIND_GPU, "Intel GPU 8086:e20b", "0000:03:00.0", "xe2-hpg",
                       12809404416, -1, "false", "1"},
                      {"intel:2", XPU_KIND_NPU, "Intel NPU 8086:7d1d", "0000:00:0b.0", "npu-37xx",
                       0, -1, "true", ""}});
  EXPECT_THAT(found.nodes,
              ElementsAre(Pair("intel:0", ElementsAre("/dev/dri/card1", "/dev/dri/renderD129")),
                          Pair("intel:1", ElementsAre("/dev/dri/card0", "/dev/dri/renderD128")),
                          Pair("intel:2", ElementsAre("/dev/accel/accel0"))));
  EXPECT_THAT(found.links.at("intel:1"),
              ElementsAre("/dev/dri/by-path/pci-0000:03:00.0-card -> ../card0",
                          "/dev/dri/by-path/pci-0000:03:00.0-render -> ../renderD128"));
  const Device& discrete = found.devices.at("intel:1");
  // The host itself knows all spellings of an address.
  EXPECT_THAT(discrete.aliases, ElementsAre("gpu1"));
  EXPECT_THAT(found.devices.at("intel:2").aliases, ElementsAre("npu0"));
  EXPECT_EQ(discrete.driver, "6.12.38+deb13-amd64");
  EXPECT_EQ(discrete.properties.at("kernel-driver"), "xe");
  EXPECT_EQ(found.devices.at("intel:0").properties.at("kernel-driver"), "i915");
  EXPECT_EQ(discrete.properties.at("source"), "sysfs");
  EXPECT_EQ(discrete.properties.count("health"), 0u) << "nothing is known about it";
  EXPECT_THAT(found.files, IsEmpty());
  EXPECT_THAT(found.env, IsEmpty());
  EXPECT_THAT(found.log, ElementsAre("Level Zero Sysman does not answer (libze_loader.so.1 is not "
                                     "below " +
                                     laptop.folder.path() + "): UUIDs and health are not known"));
}

TEST_F(Machines, ALaptopWithLevelZero) {
  Machine laptop("laptop");
  laptop.tree.level_zero("full", fakes::level_zero_of("laptop"));
  const Description found = laptop.describe();
  expect_rows(found, {{"intel:0", XPU_KIND_GPU, "Intel(R) Arc(TM) Graphics", "0000:00:02.0",
                       "xe-lpg", 0, -1, "true", "1"},
                      {"intel:1", XPU_KIND_GPU, "Intel(R) Arc(TM) B580 Graphics", "0000:03:00.0",
                       "xe2-hpg", 12 * kGiB, -1, "false", "1"},
                      {"intel:2", XPU_KIND_NPU, "Intel NPU 8086:7d1d", "0000:00:0b.0", "npu-37xx",
                       0, -1, "true", ""}});
  const Device& discrete = found.devices.at("intel:1");
  EXPECT_EQ(discrete.uuid, "868050e2-0000-0000-0300-00000000000a");
  EXPECT_THAT(discrete.properties, IsSupersetOf({Pair("health", "ok"), Pair("serial", "0123"),
                                                 Pair("source", "sysman")}));
  EXPECT_EQ(found.properties.at("source"), "sysman");
  EXPECT_THAT(found.log, IsEmpty());
  EXPECT_EQ(found.conditions.count("stat " + laptop.folder.at("/usr/lib/x86_64-linux-gnu/"
                                                              "libze_loader.so.1")),
            1u);
}

TEST_F(Machines, EightDevicesOfTwoTiles) {
  Machine server("max");
  const char* addresses[] = {"0000:18:00.0", "0000:28:00.0", "0000:38:00.0", "0000:48:00.0",
                             "0000:58:00.0", "0000:68:00.0", "0000:78:00.0", "0000:88:00.0"};
  for (const bool library : {false, true}) {
    SCOPED_TRACE(library);
    if (library) {
      server.tree.level_zero("full", fakes::level_zero_of("max"));
    }
    const Description found = server.describe();
    ASSERT_EQ(found.devices.size(), 8u);
    for (unsigned i = 0; i < 8; ++i) {
      const std::string id = "intel:" + std::to_string(i);
      const Device& gpu = found.devices.at(id);
      EXPECT_EQ(gpu.pci, addresses[i]);
      EXPECT_EQ(gpu.name, library ? "Intel(R) Data Center GPU Max 1550" : "Intel GPU 8086:0bd5");
      EXPECT_EQ(gpu.memory_bytes, 128 * kGiB);
      EXPECT_EQ(gpu.numa_node, i < 4 ? 0 : 1);
      EXPECT_EQ(gpu.architecture, "xe-hpc");
      EXPECT_EQ(gpu.driver, "1.24.2.17.240301.20+i29-1");
      EXPECT_EQ(gpu.properties.at("tiles"), "2");
      EXPECT_EQ(gpu.properties.at("integrated"), "false");
      EXPECT_THAT(found.nodes.at(id), ElementsAre("/dev/dri/card" + std::to_string(i),
                                                  "/dev/dri/renderD" + std::to_string(128 + i)));
    }
  }
}

TEST_F(Machines, VirtualFunctionsArePartsOfTheirGpu) {
  const Machine server("flex");
  const Description found = server.describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(found.ids(), ElementsAre("intel:0", "intel:0:0", "intel:0:1"))
      << "the third one belongs to a virtual machine";
  const Device& whole = found.devices.at("intel:0");
  EXPECT_EQ(whole.flags, XPU_DEVICE_NOT_IN_ALL) << "its functions are handed out in its place";
  EXPECT_EQ(whole.memory_bytes, 14495514624u);
  EXPECT_EQ(whole.properties.at("virtual-functions"), "3");
  const Device& second = found.devices.at("intel:0:1");
  EXPECT_EQ(second.kind, XPU_KIND_PARTITION);
  EXPECT_EQ(second.parent, "0");
  EXPECT_EQ(second.flags, 0u);
  EXPECT_EQ(second.pci, "0000:4d:00.2");
  EXPECT_EQ(second.name, "Intel GPU 8086:56c0 VF 1");
  EXPECT_EQ(second.architecture, "xe-hpg");
  EXPECT_THAT(found.nodes.at("intel:0:0"), ElementsAre("/dev/dri/card2", "/dev/dri/renderD130"));
  EXPECT_THAT(found.nodes.at("intel:0:1"), ElementsAre("/dev/dri/card1", "/dev/dri/renderD129"));
  EXPECT_EQ(found.conditions.count("listing " +
                                   server.folder.at(server.tree.device_folder("0000:4d:00.0"))),
            1u)
      << "functions that come or go are noticed";
}

TEST_F(Machines, SixtyThreeVirtualFunctions) {
  Machine server("");
  const auto address = [](unsigned i) {
    const std::string slot = std::to_string(10 + i / 8), function = std::to_string(i % 8);
    return "0000:4d:" + slot + "." + function;
  };
  server.tree.pci(address(0), 0x8086, 0xe211, 0x030000, "xe", 0);
  server.tree.drm(address(0), 0);
  for (unsigned i = 1; i < 64; ++i) {
    server.tree.pci(address(i), 0x8086, 0xe211, 0x030000, "xe", 0);
    server.tree.drm(address(i), i);
    server.tree.virtual_function(address(0), i - 1, address(i));
  }
  const Description found = server.describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.size(), 64u);
  EXPECT_EQ(found.devices.at("intel:0").properties.at("virtual-functions"), "63");
  for (unsigned i = 1; i < 64; ++i) {
    const std::string id = "intel:0:" + std::to_string(i - 1);
    EXPECT_EQ(found.devices.at(id).pci, address(i));
    EXPECT_EQ(found.devices.at(id).parent, "0");
  }
}

// Beyond 1,024 conditions the host refuses the whole description.
TEST_F(Machines, MoreVirtualFunctionsThanConditionsAllow) {
  Machine server("");
  unsigned card = 0;
  for (unsigned gpu = 0; gpu < 8; ++gpu) {
    const std::string bus = "0000:" + std::to_string(10 + gpu) + ":";
    const auto address = [&](unsigned i) {
      return bus + std::to_string(10 + i / 8) + "." + std::to_string(i % 8);
    };
    for (unsigned i = 0; i < 33; ++i) {
      server.tree.pci(address(i), 0x8086, 0x0bda, 0x038000, "i915", 0);
      server.tree.drm(address(i), card++);
      if (i > 0) {
        server.tree.virtual_function(address(0), i - 1, address(i));
      }
    }
  }
  const Description found = server.describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.size(), 8u * 33);
  EXPECT_EQ(found.devices.at("intel:7:31").parent, "7");
  EXPECT_EQ(found.conditions.count("listing " + server.folder.at("/dev/dri")), 1u);
}

TEST_F(Machines, MemoryOfVirtualFunctionsIsWhatTheirGpuGivesThem) {
  Machine server("");
  for (const char* driver : {"i915", "xe"}) {
    const std::string bus = driver == std::string("xe") ? "0000:30:00." : "0000:20:00.";
    for (unsigned i = 0; i < 3; ++i) {
      server.tree.pci(bus + std::to_string(i), 0x8086, 0x56c0, 0x038000, driver, 0);
      server.tree.drm(bus + std::to_string(i), i + (driver == std::string("xe") ? 3 : 0));
    }
    server.tree.virtual_function(bus + "0", 0, bus + "1");
    server.tree.virtual_function(bus + "0", 1, bus + "2");
  }
  server.tree.card_attribute(0, "iov/vf1/gt/lmem_quota", "4294967296\n");
  server.tree.card_attribute(0, "iov/vf2/gt0/lmem_quota", "1073741824\n");
  server.tree.card_attribute(0, "iov/vf2/gt1/lmem_quota", "1073741824\n");
  server.tree.attribute("0000:30:00.0", "sriov_admin/vf1/profile/vram_quota", "8589934592\n");
  server.tree.attribute("0000:30:00.0", "sriov_admin/vf2/profile/vram_quota", "0\n");
  const auto devices = server.describe().devices;
  EXPECT_EQ(devices.at("intel:0:0").memory_bytes, 4 * kGiB);
  EXPECT_EQ(devices.at("intel:0:1").memory_bytes, 2 * kGiB);
  EXPECT_EQ(devices.at("intel:1:0").memory_bytes, 8 * kGiB);
  EXPECT_EQ(devices.at("intel:1:1").memory_bytes, 0u);
}

TEST_F(Machines, AFunctionWhoseGpuIsNotHereIsAGpu) {
  Machine guest("");
  guest.tree.pci("0000:06:00.0", 0x8086, 0x56c0, 0x038000, "vfio-pci");
  guest.tree.pci("0000:06:10.0", 0x8086, 0x56c0, 0x038000, "i915");
  guest.tree.virtual_function("0000:06:00.0", 0, "0000:06:10.0");
  guest.tree.drm("0000:06:10.0", 0);
  const Description found = guest.describe();
  EXPECT_THAT(found.ids(), ElementsAre("intel:0"));
  EXPECT_EQ(found.devices.at("intel:0").kind, XPU_KIND_GPU);
}

TEST_F(Machines, SixteenGaudis) {
  const Machine server("gaudi");
  const Description found = server.describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  ASSERT_EQ(found.devices.size(), 16u);
  for (unsigned i = 0; i < 16; ++i) {
    SCOPED_TRACE(i);
    const std::string number = std::to_string(i), id = "habana:" + number;
    const Device& gaudi = found.devices.at(id);
    EXPECT_EQ(gaudi.kind, XPU_KIND_ACCELERATOR);
    EXPECT_EQ(gaudi.name, "Intel GAUDI2");
    EXPECT_EQ(gaudi.architecture, "gaudi2");
    EXPECT_EQ(gaudi.driver, "1.21.0-f28d1e8");
    EXPECT_EQ(gaudi.numa_node, i < 8 ? 0 : 1);
    EXPECT_EQ(gaudi.properties.at("module-id"), std::to_string((i + 3) % 16));
    EXPECT_EQ(gaudi.properties.at("health"), "ok");
    EXPECT_THAT(found.nodes.at(id),
                ElementsAre("/dev/accel/accel" + number, "/dev/accel/accel_controlD" + number));
    EXPECT_THAT(found.nodes.at(id + "/rdma"), ElementsAre("/dev/infiniband/uverbs" + number));
  }
  EXPECT_EQ(found.devices.at("habana:10").pci, "0000:60:00.0");
  EXPECT_THAT(found.capabilities, ElementsAre("rdma"));
}

TEST_F(Machines, GaudisOfAnOldDriver) {
  const Machine server("old-gaudi");
  const Description found = server.describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  ASSERT_EQ(found.devices.size(), 8u);
  EXPECT_THAT(found.nodes.at("habana:3"), ElementsAre("/dev/hl3", "/dev/hl_controlD3"));
  EXPECT_EQ(found.devices.at("habana:3").name, "Intel GAUDI");
  EXPECT_EQ(found.devices.at("habana:3").pci, "0000:23:00.0");
  EXPECT_EQ(found.devices.at("habana:3").numa_node, 0);
  EXPECT_EQ(found.devices.at("habana:3").properties.at("kernel-driver"), "habanalabs");
  EXPECT_EQ(found.conditions.count(
                "content " + server.folder.at("/sys/devices/virtual/habanalabs/hl3/pci_addr")),
            1u)
      << "the number may become another device's";
  EXPECT_EQ(found.devices.at("habana:3").flags, 0u);
  EXPECT_EQ(found.devices.at("habana:5").flags, XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(found.devices.at("habana:5").reason, "its driver says \"Malfunction\"");
  EXPECT_EQ(found.devices.at("habana:5").properties.at("health"), "failed");
}

TEST_F(Machines, GaudisBetweenTheOldDriverAndTheNew) {
  Machine server("");
  server.tree.pci("0000:20:00.0", 0x1da3, 0x1060, 0x120000, "habanalabs");
  server.tree.old_gaudi("0000:20:00.0", "accel2");
  server.tree.old_gaudi("0000:20:00.0", "accel_controlD2");
  server.tree.file("/sys/devices/virtual/habanalabs/accel2/device_type", "GAUDI3 HL-338\n");
  const Description found = server.describe();
  EXPECT_THAT(found.nodes,
              ElementsAre(Pair("habana:2",
                               ElementsAre("/dev/accel/accel2", "/dev/accel/accel_controlD2"))));
  EXPECT_EQ(found.devices.at("habana:2").name, "Intel GAUDI3 HL-338");
  EXPECT_EQ(found.devices.at("habana:2").architecture, "gaudi3");
}

TEST_F(Machines, AnNpuBeforeGaudisLeavesThemTheirNumbers) {
  const Machine host("mixed");
  const Description found = host.describe();
  EXPECT_THAT(found.nodes.at("intel:2"), ElementsAre("/dev/accel/accel0"));
  EXPECT_THAT(found.nodes.at("habana:11"),
              ElementsAre("/dev/accel/accel11", "/dev/accel/accel_controlD11"));
  EXPECT_EQ(found.devices.count("habana:0"), 0u);
}

TEST_F(Machines, NothingAtAll) {
  const Machine host("");
  const Description found = host.describe();
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error, "no device of the drivers i915, xe, intel_vpu and habanalabs is below " +
                             host.folder.at("/sys/class"));
  for (const char* folder :
       {"/sys/class/drm", "/sys/class/accel", "/sys/class/habanalabs", "/sys/bus/pci/drivers/xe"}) {
    EXPECT_EQ(found.conditions.count("listing " + host.folder.at(folder)), 1u) << folder;
  }
}

TEST_F(Machines, HardwareWithoutItsDriver) {
  Machine host("");
  host.tree.pci("0000:03:00.0", 0x8086, 0xe20b, 0x030000, "vfio-pci");
  EXPECT_THAT(host.describe().error,
              HasSubstr("; Intel device 8086:e20b at 0000:03:00.0 is bound to driver vfio-pci"));
}

TEST_F(Machines, DevicesOfOtherVendorsAndDriversAreNotOurs) {
  Machine host("");
  host.tree.pci("0000:01:00.0", 0x1002, 0x744c, 0x030000, "amdgpu");
  host.tree.drm("0000:01:00.0", 0);
  host.tree.pci("0000:02:00.0", 0x8086, 0x0be1, 0x030000, "gma500");
  host.tree.drm("0000:02:00.0", 1);
  host.tree.pci("0000:04:00.0", 0x1eff, 0x1234, 0x120000, "amdxdna");
  host.tree.accel("0000:04:00.0", "accel0");
  EXPECT_EQ(host.describe().status, XPU_ABSENT);
}

}  // namespace
}  // namespace xpu::test
