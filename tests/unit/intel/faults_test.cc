// SPDX-License-Identifier: Apache-2.0
// Odd hosts: nodes that are missing or wrong, values that make no sense, options that are not
// valid; and what must be noticed when it changes.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/intel/describe.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class Faults : public testing::Test {
 protected:
  void SetUp() override { XPU_NEEDS_ROOT(); }
};

TEST_F(Faults, AGpuWithoutItsRenderNode) {
  const Machine laptop("laptop");
  fs::remove(laptop.folder.at("/dev/dri/renderD128"));
  const Description found = laptop.describe();
  const Device& gpu = found.devices.at("intel:1");
  EXPECT_EQ(gpu.flags, XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(gpu.reason,
            laptop.folder.at("/dev/dri/renderD128") + " does not exist or is no device");
  EXPECT_EQ(found.devices.at("intel:0").flags, 0u);
  EXPECT_THAT(found.nodes.at("intel:1"), ElementsAre("/dev/dri/card0"));
  EXPECT_EQ(found.conditions.count("stat " + laptop.folder.at("/dev/dri/renderD128")), 1u);
}

TEST_F(Faults, ANodeWithAnotherNumberThanTheKernels) {
  Machine laptop("laptop");
  fs::remove(laptop.folder.at("/dev/accel/accel0"));
  laptop.tree.node("/dev/accel/accel0", {1, 3});
  const Description found = laptop.describe();
  EXPECT_EQ(
      found.devices.at("intel:2").reason,
      laptop.folder.at("/dev/accel/accel0") + " is device 1:3 and should be 261:0: remove it");
  EXPECT_EQ(found.nodes.count("intel:2"), 0u);
}

TEST_F(Faults, AGaudiWithoutItsControlNodeCanBeUsed) {
  const Machine server("gaudi");
  fs::remove(server.folder.at("/dev/accel/accel_controlD4"));
  fs::remove(server.folder.at("/dev/infiniband/uverbs4"));
  const Description found = server.describe();
  EXPECT_EQ(found.devices.at("habana:4").flags, 0u);
  EXPECT_THAT(found.nodes.at("habana:4"), ElementsAre("/dev/accel/accel4"));
  EXPECT_EQ(found.nodes.count("habana:4/rdma"), 0u);
  for (const char* node : {"/dev/accel/accel_controlD4", "/dev/infiniband/uverbs4"}) {
    EXPECT_EQ(found.conditions.count("stat " + server.folder.at(node)), 1u) << node;
  }
}

TEST_F(Faults, StatesOfAGaudi) {
  Machine server("gaudi");
  const struct {
    const char *status, *health;
    bool usable;
  } cases[] = {{"operational", "ok", true},
               {"in reset", "degraded", true},
               {"in reset after device release", "degraded", true},
               {"needs reset", "failed", false},
               {"malfunction", "failed", false}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.status);
    server.tree.attribute("0000:10:00.0", "status", std::string(one.status) + "\n");
    const Device gaudi = server.describe().devices.at("habana:0");
    EXPECT_EQ(gaudi.properties.at("health"), one.health);
    EXPECT_EQ(gaudi.flags == 0, one.usable);
  }
}

TEST_F(Faults, RdmaPortsAreOfTheGaudiThatTheyLieIn) {
  Machine server("");
  for (const char* pci : {"0000:10:00.0", "0000:20:00.0"}) {
    server.tree.pci(pci, 0x1da3, 0x1020, 0x120000, "habanalabs");
  }
  server.tree.accel("0000:10:00.0", "accel0");
  server.tree.accel("0000:20:00.0", "accel1");
  server.tree.verbs("0000:20:00.0", 7, "hlib_0");  // numbered otherwise
  server.tree.pci("0000:30:00.0", 0x15b3, 0x1017, 0x020000, "mlx5_core");
  server.tree.verbs("0000:30:00.0", 8, "mlx5_0");
  // A port of which sysfs does not say where it lies goes by its number.
  server.tree.file("/sys/class/infiniband_verbs/uverbs9/ibdev", "hlib_0\n");
  server.tree.node("/dev/infiniband/uverbs9", {231, 201});
  server.tree.file("/sys/class/infiniband_verbs/uverbs10/ibdev", "hbl_0\n");
  server.tree.node("/dev/infiniband/uverbs10", {231, 202});
  const Description found = server.describe();
  EXPECT_THAT(found.nodes.at("habana:1/rdma"), ElementsAre("/dev/infiniband/uverbs7"));
  EXPECT_THAT(found.nodes.at("habana:0/rdma"),
              ElementsAre("/dev/infiniband/uverbs10", "/dev/infiniband/uverbs9"));
}

TEST_F(Faults, ValuesThatMakeNoSense) {
  Machine host("");
  host.tree.pci("0000:03:00.0", 0x8086, 0xe20b, 0x030000, "xe");
  host.tree.drm("0000:03:00.0", 0);
  host.tree.attribute("0000:03:00.0", "numa_node", "4294967296\n");
  host.tree.attribute("0000:03:00.0", "tile0/physical_vram_size_bytes", "-4\n");
  host.tree.attribute("0000:03:00.0", "tilex/physical_vram_size_bytes", "4096\n");
  host.tree.file("/sys/fs/cgroup/dmem.capacity",
                 "drm/0000:03:00.0/vram0\ndrm/0000:03:00.0/vram1 max\nno region\n\n");
  host.tree.card_attribute(99, "dev", "226:99\n");            // a card without a device
  host.tree.card_attribute(7, "device/vendor", "garbage\n");  // one whose vendor is not told
  const Description found = host.describe();
  EXPECT_THAT(found.ids(), ElementsAre("intel:0"));
  const Device& gpu = found.devices.at("intel:0");
  EXPECT_EQ(gpu.numa_node, -1);
  EXPECT_EQ(gpu.memory_bytes, 0u);
  EXPECT_EQ(gpu.properties.at("tiles"), "1");
}

TEST_F(Faults, NamesAndFactsThatTheHostRefusesAreLeftOut) {
  for (const char* name : {"mixed", "flex"}) {
    const Machine host(name);
    const Description found = describe(host.folder.path(), {}, true);
    EXPECT_EQ(found.status, XPU_OK) << found.error;
    EXPECT_EQ(found.devices.size(), host.describe().devices.size());
    EXPECT_EQ(found.nodes, host.describe().nodes);
  }
}

TEST_F(Faults, ADeviceWhoseNameTheHostRefusesIsDescribedByItsNumbers) {
  Machine laptop("laptop");
  laptop.tree.level_zero("full",
                         "device 0000:03:00.0\nid e20b\nname Arc\x01\xff\n"
                         "uuid 868050e200000000030000000000000a\n");
  laptop.tree.file("/sys/module/intel_vpu/version", "1.0\x7f\n");
  const Description found = laptop.describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("intel:1").name, "Intel GPU");
  EXPECT_EQ(found.devices.at("intel:1").pci, "0000:03:00.0");
  EXPECT_EQ(found.devices.at("intel:2").name, "Intel NPU");
  EXPECT_EQ(found.nodes.size(), 3u);
}

TEST_F(Faults, MemoryOfEveryTileCounts) {
  Machine host("");
  host.tree.pci("0000:03:00.0", 0x8086, 0x0bd5, 0x038000, "xe");
  host.tree.drm("0000:03:00.0", 0);
  host.tree.attribute("0000:03:00.0", "tile0/physical_vram_size_bytes", "68719476736\n");
  host.tree.attribute("0000:03:00.0", "tile1/memory/physical_vram_size_bytes", "0x1000\n");
  EXPECT_EQ(host.describe().devices.at("intel:0").memory_bytes, 68719476736u + 0x1000);
  EXPECT_EQ(host.describe().devices.at("intel:0").properties.at("tiles"), "2");
}

TEST_F(Faults, WhatIsNotKnownToBeIntegratedIsNotSaid) {
  Machine host("");
  host.tree.pci("0000:00:05.0", 0x8086, 0x1234, 0x030000, "i915");  // handed into a machine
  host.tree.drm("0000:00:05.0", 0);
  EXPECT_EQ(host.describe().devices.at("intel:0").properties.count("integrated"), 0u);
}

TEST_F(Faults, NamesComeFromPciIds) {
  Machine laptop("laptop");
  laptop.tree.file("/usr/share/misc/pci.ids",
                   "1da3  Habana Labs Ltd.\n\t1020  Gaudi2\n"
                   "8086  Intel Corporation\n\t7d1d  Meteor Lake NPU\n"
                   "\t7d55  Meteor Lake-P [Intel Arc Graphics]\n\te20b  Battlemage G21 [Arc "
                   "B580]\n");
  const Description found = laptop.describe();
  EXPECT_EQ(found.devices.at("intel:0").name, "Intel Arc Graphics");
  EXPECT_EQ(found.devices.at("intel:1").name, "Intel Arc B580");
  EXPECT_EQ(found.devices.at("intel:2").name, "Intel Meteor Lake NPU");
}

TEST_F(Faults, WhatChangesIsNoticed) {
  const Machine laptop("laptop");
  const auto conditions = laptop.describe().conditions;
  const std::string gpu = laptop.folder.at(laptop.tree.device_folder("0000:03:00.0"));
  for (const std::string& folder :
       {laptop.folder.at("/sys/class/drm"), laptop.folder.at("/sys/class/accel"),
        laptop.folder.at("/sys/class/habanalabs"), laptop.folder.at("/sys/class/infiniband_verbs"),
        laptop.folder.at("/sys/bus/pci/drivers/i915"), laptop.folder.at("/sys/bus/pci/drivers/xe"),
        laptop.folder.at("/sys/bus/pci/drivers/intel_vpu"),
        laptop.folder.at("/sys/bus/pci/drivers/habanalabs"), gpu, gpu + "/drm",
        laptop.folder.at(laptop.tree.device_folder("0000:00:0b.0")) + "/accel"}) {
    EXPECT_EQ(conditions.count("listing " + folder), 1u) << folder;
  }
  EXPECT_EQ(conditions.count("content " + laptop.folder.at("/sys/module/xe/version")), 1u);
  EXPECT_EQ(conditions.count("stat " + laptop.folder.at("/dev/dri/card0")), 1u);
  for (const std::string& condition : conditions) {
    EXPECT_THAT(condition, testing::Not(HasSubstr("seconds"))) << "nothing needs the clock";
  }
}

TEST_F(Faults, OptionsThatAreNotValid) {
  const Machine laptop("laptop");
  const struct {
    const char *option, *value, *words;
  } cases[] = {
      {"sys-root", "", "option sys-root is \"\", which is no absolute path"},
      {"dev-root", "dev", "option dev-root is \"dev\", which is no absolute path"},
      {"oneapi-path", "oneapi", "option oneapi-path is \"oneapi\", which is no absolute path"},
      {"inject-drivers", "perhaps", "option inject-drivers is \"perhaps\"; it is one of \"never\""},
  };
  for (const auto& one : cases) {
    const Description found = laptop.describe({{one.option, one.value}});
    EXPECT_EQ(found.status, XPU_INVALID);
    EXPECT_THAT(found.error, HasSubstr(one.words));
    EXPECT_THAT(found.devices, IsEmpty());
  }
}

}  // namespace
}  // namespace xpu::test
