// SPDX-License-Identifier: Apache-2.0
// Machines that the dumps do not hold: divided GPUs, mixtures, old and odd ones.
#include "tests/unit/amd/world.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kMi300Memory = 206141652992;

fakes::AmdGpu& as_mi300(fakes::AmdGpu& gpu, const char* compute, const char* memory,
                        unsigned parts) {
  gpu.device = 0x74a1;
  gpu.gfx_version = 90402;
  gpu.compute_units = 304;
  gpu.memory = kMi300Memory;
  gpu.compute_mode = compute;
  gpu.memory_mode = memory;
  gpu.parts = parts;
  gpu.most_parts = 8;
  gpu.product_name = "AMD Instinct MI300X OAM";
  return gpu;
}

TEST_F(Machine, AWholeGpu) {
  fakes::AmdGpu& gpu = add("0000:83:00.0");
  gpu.unique_id = 0x79ccd55167a2124a;
  gpu.product_name = "AMD Instinct MI210";
  gpu.socket = 1;
  machine_.sockets = 2;
  const Described found = describe_it();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(found.ids(), ElementsAre("amd:0"));
  const Device& device = found.device("amd:0");
  EXPECT_EQ(device.kind, DeviceKind::kGpu);
  EXPECT_EQ(device.name, "AMD Instinct MI210");
  EXPECT_EQ(device.uuid, "0x79ccd55167a2124a");
  EXPECT_EQ(device.architecture, "gfx90a");
  EXPECT_EQ(device.memory_bytes, 68702699520u);
  EXPECT_EQ(device.driver, "6.12.12");
  EXPECT_EQ(device.pci, "0000:83:00.0");
  EXPECT_EQ(device.numa_node, 1);
  EXPECT_EQ(device.parent, "");
  EXPECT_TRUE(device.in_all);
  EXPECT_TRUE(device.available) << device.reason;
  EXPECT_THAT(device.properties, UnorderedElementsAre(std::pair("unique-id", "0x79ccd55167a2124a"),
                                                      std::pair("compute-units", "104")));
  EXPECT_THAT(device.aliases,
              UnorderedElementsAre("79ccd55167a2124a", "79CCD55167A2124A", "GPU-79ccd55167a2124a"));
  EXPECT_THAT(found.catalog.properties,
              UnorderedElementsAre(std::pair("driver", "6.12.12"), std::pair("source", "sysfs")));
  EXPECT_THAT(found.nodes("amd:0"),
              ElementsAre("/dev/kfd", "/dev/dri/card0", "/dev/dri/renderD128"));
  EXPECT_THAT(found.links("amd:0"),
              ElementsAre("/dev/dri/by-path/pci-0000:83:00.0-card -> ../card0",
                          "/dev/dri/by-path/pci-0000:83:00.0-render -> ../renderD128"));
  // Nothing comes without a device: not even the node that all of them share.
  EXPECT_EQ(found.catalog.edits.size(), 1u);
  EXPECT_THAT(found.catalog.capabilities, IsEmpty());
}

// The order of AMD's own runtime is that of PCI addresses, whatever the driver found first.
TEST_F(Machine, GpusAreCountedByAddress) {
  add("0000:c3:00.0");
  add("0001:03:00.0");
  add("0000:03:00.0");
  const Described found = describe_it();
  EXPECT_EQ(found.device("amd:0").pci, "0000:03:00.0");
  EXPECT_EQ(found.device("amd:1").pci, "0000:c3:00.0");
  EXPECT_EQ(found.device("amd:2").pci, "0001:03:00.0");
  EXPECT_THAT(found.nodes("amd:0"), Contains("/dev/dri/renderD130"));
  EXPECT_THAT(found.nodes("amd:1"), Contains("/dev/dri/renderD128"));
}

TEST_F(Machine, EightGpusInEightPartsEach) {
  for (int place = 0; place < 8; ++place) {
    as_mi300(add("0000:" + std::to_string(10 + place) + ":00.0"), "CPX", "NPS4", 8).unique_id =
        0xab00000000000000 + static_cast<unsigned>(place);
    machine_.gpus.back().hive = 0x77;
    machine_.gpus.back().socket = place / 4;
  }
  machine_.sockets = 2;
  const Described found = describe_it();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  ASSERT_EQ(found.catalog.devices.size(), 72u);
  const Device& gpu = found.device("amd:3");
  EXPECT_EQ(gpu.kind, DeviceKind::kGpu);
  EXPECT_EQ(gpu.pci, "0000:13:00.0");
  EXPECT_EQ(gpu.uuid, "0xab00000000000003");
  EXPECT_EQ(gpu.memory_bytes, kMi300Memory);
  EXPECT_EQ(property(gpu, "compute-units"), "304");
  EXPECT_EQ(property(gpu, "partition-mode"), "cpx_nps4");
  EXPECT_FALSE(gpu.in_all);
  EXPECT_FALSE(gpu.available);
  EXPECT_EQ(gpu.reason,
            "divided (cpx_nps4): ask for its partitions 3:0, 3:1, 3:2, 3:3, 3:4, 3:5, 3:6, 3:7");
  EXPECT_THAT(found.nodes("amd:3"), IsEmpty());
  for (int part = 0; part < 8; ++part) {
    const std::string id = "amd:3:" + std::to_string(part);
    SCOPED_TRACE(id);
    const Device& device = found.device(id);
    EXPECT_EQ(device.kind, DeviceKind::kPartition);
    EXPECT_EQ(device.parent, "amd:3");
    EXPECT_EQ(device.name, "AMD Instinct MI300X OAM CPX partition");
    EXPECT_EQ(device.architecture, "gfx942");
    EXPECT_EQ(device.pci, "0000:13:00.0");
    EXPECT_EQ(device.numa_node, 0);
    EXPECT_EQ(device.memory_bytes, kMi300Memory / 8);
    EXPECT_EQ(device.uuid, "") << "it is the GPU's";
    EXPECT_EQ(property(device, "compute-units"), "38");
    EXPECT_EQ(property(device, "partition-mode"), "cpx_nps4");
    EXPECT_TRUE(device.in_all);
    EXPECT_TRUE(device.available) << device.reason;
    const std::string number = std::to_string(24 + part);
    const std::string render = "renderD" + std::to_string(152 + part);
    EXPECT_THAT(found.nodes(id),
                ElementsAre("/dev/kfd", "/dev/dri/card" + number, "/dev/dri/" + render));
    const std::string name =
        part == 0 ? "pci-0000:13:00.0" : "platform-amdgpu_xcp_" + std::to_string(20 + part);
    EXPECT_THAT(found.links(id),
                ElementsAre("/dev/dri/by-path/" + name + "-card -> ../card" + number,
                            "/dev/dri/by-path/" + name + "-render -> ../" + render));
  }
  // Between GPUs alone: 28 pairs.
  EXPECT_EQ(found.catalog.interconnects.size(), 28u);
  EXPECT_THAT(found.interconnects(), Contains("amd:0 amd:7 xgmi 985"));
  // Few enough to be looked at before every start.
  EXPECT_LE(found.catalog.conditions.size(), 64u);
}

TEST_F(Machine, PartsMayHaveIdsOfTheirOwn) {
  fakes::AmdGpu& gpu = as_mi300(add("0000:11:00.0"), "DPX", "NPS1", 2);
  gpu.unique_id = 0x1234567890abcde0;
  gpu.ids_of_parts = true;
  const Described found = describe_it();
  EXPECT_THAT(found.ids(), ElementsAre("amd:0", "amd:0:0", "amd:0:1"));
  EXPECT_EQ(found.device("amd:0").uuid, "0x1234567890abcde0");
  EXPECT_EQ(found.device("amd:0:0").uuid, "0x1234567890abcde1");
  EXPECT_EQ(found.device("amd:0:1").uuid, "0x1234567890abcde2");
  EXPECT_EQ(found.device("amd:0:1").memory_bytes, kMi300Memory / 2);
}

// Nodes for parts that are not there are kept by the driver; they belong to nobody.
TEST_F(Machine, MixedModes) {
  as_mi300(add("0000:11:00.0"), "SPX", "NPS1", 1);
  as_mi300(add("0000:22:00.0"), "QPX", "NPS2", 4);
  as_mi300(add("0000:33:00.0"), "TPX", "NPS1", 3);
  add("0000:44:00.0");
  const Described found = describe_it();
  EXPECT_THAT(found.ids(), ElementsAre("amd:0", "amd:1", "amd:1:0", "amd:1:1", "amd:1:2", "amd:1:3",
                                       "amd:2", "amd:2:0", "amd:2:1", "amd:2:2", "amd:3"));
  EXPECT_EQ(property(found.device("amd:0"), "partition-mode"), "spx_nps1");
  EXPECT_TRUE(found.device("amd:0").available) << found.device("amd:0").reason;
  EXPECT_THAT(found.nodes("amd:0"),
              ElementsAre("/dev/kfd", "/dev/dri/card0", "/dev/dri/renderD128"));
  EXPECT_THAT(found.nodes("amd:1:3"),
              ElementsAre("/dev/kfd", "/dev/dri/card11", "/dev/dri/renderD139"));
  EXPECT_EQ(found.device("amd:2:0").name, "AMD Instinct MI300X OAM TPX partition");
  EXPECT_EQ(property(found.device("amd:3"), "partition-mode"), "");
  EXPECT_TRUE(found.watches(ConditionKind::kContent, tree_.at("/sys/bus/pci/devices/0000:22:00.0/"
                                                              "current_compute_partition")));
  EXPECT_TRUE(found.watches(ConditionKind::kContent, tree_.at("/sys/bus/pci/devices/0000:22:00.0/"
                                                              "current_memory_partition")));
}

// Linux 6.5 and others since have the number of a part in the place of the function.
TEST_F(Machine, PartsThatLookLikeFunctions) {
  for (const char* pci : {"0000:0a:00.0", "0000:80:00.0"}) {
    fakes::AmdGpu& gpu = as_mi300(add(pci), "CPX", "NPS1", 4);
    gpu.unique_id = pci[5] == '0' ? 598046273873802902u : 11803749423592941193u;
    gpu.hive = 2095653680343411291;
    gpu.parts_as_functions = true;
  }
  make_amd_machine(machine_);
  // A function of the device that is another driver's.
  tree_.folder("/sys/bus/pci/devices/0000:0a:00.1");
  const Described found = describe(tree_.path());
  EXPECT_THAT(found.ids(), ElementsAre("amd:0", "amd:0:0", "amd:0:1", "amd:0:2", "amd:0:3", "amd:1",
                                       "amd:1:0", "amd:1:1", "amd:1:2", "amd:1:3"));
  EXPECT_EQ(found.device("amd:0").uuid, "0x084cafeae17e7696");
  EXPECT_EQ(found.device("amd:1:3").pci, "0000:80:00.0");
  EXPECT_EQ(property(found.device("amd:1:3"), "partition-mode"), "cpx_nps1");
  EXPECT_THAT(found.nodes("amd:0:1"),
              ElementsAre("/dev/kfd", "/dev/dri/card1", "/dev/dri/renderD129"));
  EXPECT_THAT(found.interconnects(), ElementsAre("amd:0 amd:1 xgmi 985"));
  // The same where the topology is all there is.
  std::filesystem::remove_all(tree_.at("/sys/bus"));
  std::filesystem::remove_all(tree_.at("/sys/class/drm"));
  const Described bare = describe(tree_.path());
  EXPECT_EQ(bare.ids(), found.ids());
  EXPECT_EQ(bare.device("amd:1:3").pci, "0000:80:00.0");
  EXPECT_EQ(bare.device("amd:1").uuid, found.device("amd:1").uuid);
}

// Virtual functions that guests see are GPUs of their own, even of one model and without ids.
TEST_F(Machine, FunctionsThatAreGpus) {
  add("0000:05:00.0");
  add("0000:05:00.1");
  EXPECT_THAT(describe_it().ids(), ElementsAre("amd:0", "amd:1"));
  EXPECT_EQ(describe(tree_.path()).device("amd:1").pci, "0000:05:00.1");
}

TEST_F(Machine, AKernelThatDoesNotTellTheRenderNode) {
  add("0000:03:00.0");
  add("0000:04:00.0").tells_render_minor = false;
  const Described found = describe_it();
  EXPECT_TRUE(found.device("amd:1").available) << found.device("amd:1").reason;
  EXPECT_THAT(found.nodes("amd:1"),
              ElementsAre("/dev/kfd", "/dev/dri/card1", "/dev/dri/renderD129"));
}

// To every library a node without an id is a processor's; the GPU still draws.
TEST_F(Machine, WithoutAnIdOfKfd) {
  add("0000:03:00.0").gpu_id = 0;
  const Described found = describe_it();
  EXPECT_THAT(found.ids(), ElementsAre("amd:0"));
  EXPECT_THAT(found.nodes("amd:0"), ElementsAre("/dev/dri/card0", "/dev/dri/renderD128"));
}

// Topologies that say little: a render node is a GPU's; numbers may be hexadecimal.
TEST_F(Machine, AFewPropertiesAreEnough) {
  const std::string nodes = "/sys/class/kfd/kfd/topology/nodes";
  tree_.file(nodes + "/0/properties", "cpu_cores_count 20\nsimd_count 0\ndrm_render_minor 0\n");
  tree_.file(nodes + "/1/properties",
             "simd_count 0\ndrm_render_minor 128\nunique_id 0x79ccd55167a2124a\n"
             "gfx_target_version 90402\n");
  const Described found = describe(tree_.path());
  EXPECT_THAT(found.ids(), ElementsAre("amd:0"));
  EXPECT_EQ(found.device("amd:0").uuid, "0x79ccd55167a2124a");
  EXPECT_EQ(found.device("amd:0").architecture, "gfx942");
  EXPECT_FALSE(found.device("amd:0").available) << "there is no node";
}

// Kernels before 5.14 do not tell what a GPU is.
TEST_F(Machine, OldKernelsDoNotTellTheArchitecture) {
  const std::pair<unsigned, const char*> known[] = {{0x738c, "gfx908"},
                                                    {0x73bf, "gfx1030"},
                                                    {0x731f, "gfx1010"},
                                                    {0x1638, "gfx90c"},
                                                    {0x73ff, "gfx1032"}};
  for (std::size_t place = 0; place < std::size(known); ++place) {
    fakes::AmdGpu& gpu = add("0000:0" + std::to_string(place + 1) + ":00.0");
    gpu.device = known[place].first;
    gpu.gfx_version = 0;
  }
  const Described found = describe_it();
  for (std::size_t place = 0; place < std::size(known); ++place) {
    EXPECT_EQ(found.device("amd:" + std::to_string(place)).architecture, known[place].second);
  }
  EXPECT_EQ(property(found.device("amd:3"), "integrated"), "true");
}

TEST_F(Machine, Mi300aIsIntegrated) {
  as_mi300(add("0000:02:00.0"), "SPX", "NPS1", 1).device = 0x74a0;
  as_mi300(add("0001:02:00.0"), "SPX", "NPS1", 1);
  const Described found = describe_it();
  EXPECT_EQ(property(found.device("amd:0"), "integrated"), "true");
  EXPECT_EQ(property(found.device("amd:1"), "integrated"), "");
}

// Older kernels do not tell the mode; the parts' own devices do.
TEST_F(Machine, PartsWithoutAMode) {
  as_mi300(add("0000:11:00.0"), "", "", 4);
  const Described found = describe_it();
  EXPECT_THAT(found.ids(), ElementsAre("amd:0", "amd:0:0", "amd:0:1", "amd:0:2", "amd:0:3"));
  EXPECT_EQ(found.device("amd:0").reason, "divided: ask for its partitions 0:0, 0:1, 0:2, 0:3");
  EXPECT_EQ(found.device("amd:0:1").name, "AMD Instinct MI300X OAM partition");
}

TEST_F(Machine, AnIntegratedGpu) {
  fakes::AmdGpu& old = add("0000:08:00.0");
  old.integrated = true;
  old.device = 0x15d8;
  old.gfx_version = 90002;
  old.compute_units = 10;
  old.memory = 536870912;
  fakes::AmdGpu& recent = add("0000:c5:00.0");
  recent.gfx_version = 110501;
  recent.memory = 1073741824;
  const Described found = describe_it();
  EXPECT_EQ(found.device("amd:0").architecture, "gfx902");
  EXPECT_EQ(found.device("amd:0").name, "AMD gfx902 GPU");
  EXPECT_EQ(found.device("amd:0").memory_bytes, 536870912u) << "what it has set aside";
  EXPECT_EQ(property(found.device("amd:0"), "integrated"), "true");
  EXPECT_EQ(found.device("amd:1").architecture, "gfx1151");
  EXPECT_EQ(property(found.device("amd:1"), "integrated"), "true");
}

TEST_F(Machine, SixteenGpus) {
  for (unsigned place = 0; place < 16; ++place) {
    char pci[16];
    std::snprintf(pci, sizeof pci, "0000:%02x:00.0", 0x10 + place * 4);
    add(pci).hive = 0x10 + place / 8;
  }
  const Described found = describe_it();
  ASSERT_EQ(found.catalog.devices.size(), 16u);
  EXPECT_EQ(found.device("amd:15").pci, "0000:4c:00.0");
  EXPECT_EQ(found.catalog.interconnects.size(), 120u);
  EXPECT_THAT(found.interconnects(), Contains("amd:8 amd:15 xgmi 985"));
  EXPECT_THAT(found.interconnects(), Contains("amd:0 amd:8 pcie 960"));
}

// Consumer cards that KFD does not know draw and encode all the same.
TEST_F(Machine, AGpuWithoutKfd) {
  add("0000:01:00.0").kfd = false;
  machine_.gpus[0].device = 0x67df;
  const Described found = describe_it();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  const Device& device = found.device("amd:0");
  EXPECT_TRUE(device.available) << device.reason;
  EXPECT_EQ(device.architecture, "gfx803");
  EXPECT_EQ(device.memory_bytes, 68702699520u);
  EXPECT_THAT(found.nodes("amd:0"), ElementsAre("/dev/dri/card0", "/dev/dri/renderD128"));
  ASSERT_EQ(found.catalog.edits[0].notes.size(), 1u);
  EXPECT_EQ(found.catalog.edits[0].notes[0].text,
            "the kernel's compute driver (KFD) does not know amd:0: it draws, but ROCm cannot use "
            "it");
  EXPECT_FALSE(found.catalog.edits[0].notes[0].warning);
}

TEST_F(Machine, ACpuAloneInTheTopologyIsNoGpu) {
  tree_.file("/sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 8\nsimd_count 0\n");
  const Described found = describe(tree_.path());
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error, "the amdgpu driver is loaded but has no GPU");
}

TEST_F(Machine, WithoutUniqueIds) {
  add("0000:03:00.0");
  add("0000:04:00.0");
  const Described found = describe_it();
  for (const char* id : {"amd:0", "amd:1"}) {
    EXPECT_EQ(found.device(id).uuid, "");
    EXPECT_THAT(found.device(id).aliases, IsEmpty());
    EXPECT_EQ(property(found.device(id), "unique-id"), "");
  }
}

TEST_F(Machine, IdsThatAreNotUniqueAreNoNames) {
  add("0000:03:00.0").unique_id = 7777777777777;
  add("0000:04:00.0").unique_id = 7777777777777;
  const Described found = describe_it();
  ASSERT_EQ(found.catalog.devices.size(), 2u);
  EXPECT_EQ(found.device("amd:0").uuid, "");
  EXPECT_EQ(found.device("amd:1").uuid, "");
}

TEST_F(Machine, ShortIdsArePadded) {
  add("0000:03:00.0").unique_id = 0xabcdef12345;
  const Described found = describe_it();
  EXPECT_EQ(found.device("amd:0").uuid, "0x00000abcdef12345");
  EXPECT_THAT(found.device("amd:0").aliases,
              UnorderedElementsAre("0xabcdef12345", "GPU-00000abcdef12345", "00000abcdef12345",
                                   "00000ABCDEF12345", "abcdef12345", "ABCDEF12345"));
}

TEST_F(Machine, HealthIsWhatTheKernelCounts) {
  add("0000:03:00.0").uncorrectable = 0;
  add("0000:04:00.0").uncorrectable = 3;
  add("0000:05:00.0");
  const Described found = describe_it();
  EXPECT_EQ(property(found.device("amd:0"), "health"), "ok");
  EXPECT_EQ(property(found.device("amd:1"), "health"), "degraded");
  EXPECT_EQ(property(found.device("amd:2"), "health"), "");
}

TEST_F(Machine, NamesComeFromTheTableOfLibdrm) {
  add("0000:03:00.0");
  tree_.file("/usr/share/libdrm/amdgpu.ids",
             "# List of AMDGPU IDs\n1.0.0\n740F,\t01,\tanother revision\n"
             "740F,\t02,\tAMD Instinct MI210\n");
  EXPECT_EQ(describe_it().device("amd:0").name, "AMD Instinct MI210");
}

TEST_F(Machine, TheKernelsVersionStandsForThatOfItsModule) {
  add("0000:03:00.0");
  make_amd_machine(machine_);
  std::filesystem::remove(tree_.at("/sys/module/amdgpu/version"));
  EXPECT_EQ(describe(tree_.path()).device("amd:0").driver, "");
  tree_.file("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  EXPECT_EQ(describe(tree_.path()).device("amd:0").driver, "6.1.0-18-amd64");
}

// Garbage in one file costs what it says, and no more.
TEST_F(Machine, OddFiles) {
  add("0000:03:00.0").compute_mode = "SPX";
  machine_.gpus[0].memory_mode = "NPS1";
  make_amd_machine(machine_);
  const std::string pci = "/sys/bus/pci/devices/0000:03:00.0";
  tree_.file(pci + "/numa_node", "x");
  tree_.file(pci + "/revision", "");
  tree_.file(pci + "/unique_id", "not hex");
  tree_.file(pci + "/product_name", "\x01\xff");
  tree_.file(pci + "/current_memory_partition", "UNKNOWN");
  const std::string nodes = "/sys/devices/virtual/kfd/kfd/topology/nodes";
  tree_.file(nodes + "/1/mem_banks/0/properties", "heap_type\nsize_in_bytes 99999999999999999999");
  tree_.file(nodes + "/1/io_links/7/properties", "type 11\n");
  tree_.file(nodes + "/x/properties", "simd_count 4\n");
  tree_.folder(nodes + "/9");
  const Described found = describe(tree_.path());
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(found.ids(), ElementsAre("amd:0"));
  const Device& device = found.device("amd:0");
  EXPECT_EQ(device.memory_bytes, 68702699520u) << "what the driver says instead";
  EXPECT_EQ(device.name, "AMD gfx90a GPU");
  EXPECT_EQ(device.numa_node, 0) << "by the link to the socket";
  EXPECT_EQ(property(device, "partition-mode"), "spx");
}

TEST_F(Machine, ProcessorsOfOthersUnderTheSameDriver) {
  add("0000:03:00.0");
  make_amd_machine(machine_);
  tree_.file("/sys/devices/virtual/kfd/kfd/topology/nodes/5/properties",
             "simd_count 256\nsimd_per_cu 4\nvendor_id 7572\ndrm_render_minor 140\n");
  EXPECT_THAT(describe(tree_.path()).ids(), ElementsAre("amd:0"));
}

}  // namespace
}  // namespace xpu::test
