// SPDX-License-Identifier: Apache-2.0
// Recorded topologies, put where the kernel shows them. What each host holds was read out of the
// files of the dump, and stands here as a table.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/unit/amd/world.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

constexpr const char* kDumps = "sysfs/kfd/k8s-device-plugin/";

struct Row {
  const char* id;
  const char* pci;            // location_id and domain
  const char* unique_id;      // unique_id, in hexadecimal
  unsigned render_minor;      // drm_render_minor
  const char* architecture;   // gfx_target_version, or device_id where there is none
  const char* compute_units;  // simd_count / simd_per_cu
  std::uint64_t memory;       // of mem_banks
  int numa_node;              // node_to of the io_link to a CPU
  const char* hive;           // hive_id
};

class Dump : public testing::Test {
 protected:
  // Copies the topology at `dump`, which holds the folder `nodes`.
  bool put(const std::string& dump) {
    const std::string from = sdk::test::fixture(kDumps + dump);
    if (from.empty() || ::geteuid() != 0) {
      return false;
    }
    std::filesystem::create_directories(tree_.at("/sys/class/kfd/kfd/topology"));
    std::filesystem::copy(from + "/nodes", tree_.at("/sys/class/kfd/kfd/topology/nodes"),
                          std::filesystem::copy_options::recursive);
    node("/dev/kfd", 234, 0);
    return true;
  }
  void node(const std::string& path, unsigned major, unsigned minor) {
    std::filesystem::create_directories(std::filesystem::path(tree_.at(path)).parent_path());
    ASSERT_EQ(mknod(tree_.at(path).c_str(), S_IFCHR | 0600, makedev(major, minor)), 0);
  }
  Described describe_with_nodes(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      node("/dev/dri/renderD" + std::to_string(row.render_minor), 226, row.render_minor);
    }
    return describe(tree_.path());
  }
  static void expect(const std::vector<Row>& rows, const Described& found) {
    ASSERT_EQ(found.status, XPU_OK) << found.error;
    ASSERT_EQ(found.catalog.devices.size(), rows.size());
    for (const Row& row : rows) {
      SCOPED_TRACE(row.id);
      const Device& device = found.device(row.id);
      EXPECT_EQ(device.kind, DeviceKind::kGpu);
      EXPECT_EQ(device.pci, row.pci);
      EXPECT_EQ(device.uuid, row.unique_id);
      EXPECT_EQ(property(device, "unique-id"), row.unique_id);
      EXPECT_EQ(device.architecture, row.architecture);
      EXPECT_EQ(device.name, std::string("AMD ") + row.architecture + " GPU");
      EXPECT_EQ(property(device, "compute-units"), row.compute_units);
      EXPECT_EQ(device.memory_bytes, row.memory);
      EXPECT_EQ(device.numa_node, row.numa_node);
      EXPECT_EQ(property(device, "xgmi-hive"), row.hive);
      EXPECT_TRUE(device.available) << device.reason;
      EXPECT_TRUE(device.in_all);
      EXPECT_THAT(found.nodes(row.id),
                  ElementsAre("/dev/kfd", "/dev/dri/renderD" + std::to_string(row.render_minor)));
    }
  }

  sdk::test::Tree tree_;
};

TEST_F(Dump, EightMi210InTwoHives) {
  if (!put("topo-mi210-xgmi-pcie")) {
    GTEST_SKIP() << "no fixtures (XPU_FIXTURES), or not root";
  }
  // Nodes 4, 5, 3, 2, 8, 9, 7, 6 of the dump. It has no mem_banks, and local_mem_size is 0.
  const std::vector<Row> rows = {
      {"amd:0", "0000:03:00.0", "0x93bb3629c01aea1c", 130, "gfx90a", "104", 0, 0,
       "0xaefdf8293fefa6b7"},
      {"amd:1", "0000:26:00.0", "0x4344e78b718814cd", 131, "gfx90a", "104", 0, 0,
       "0xaefdf8293fefa6b7"},
      {"amd:2", "0000:43:00.0", "0x51276ac12ce05db3", 129, "gfx90a", "104", 0, 0,
       "0xaefdf8293fefa6b7"},
      {"amd:3", "0000:63:00.0", "0x1901ead3a2ecd4a6", 128, "gfx90a", "104", 0, 0,
       "0xaefdf8293fefa6b7"},
      {"amd:4", "0000:83:00.0", "0xf83f06efb714e6cf", 134, "gfx90a", "104", 0, 1,
       "0xfb11632c00f4d272"},
      {"amd:5", "0000:a3:00.0", "0xc34ec50444dd0a6d", 135, "gfx90a", "104", 0, 1,
       "0xfb11632c00f4d272"},
      {"amd:6", "0000:c3:00.0", "0xa3781b5a10fcf54a", 133, "gfx90a", "104", 0, 1,
       "0xfb11632c00f4d272"},
      {"amd:7", "0000:e3:00.0", "0xaea834aa2723eb57", 132, "gfx90a", "104", 0, 1,
       "0xfb11632c00f4d272"},
  };
  const Described found = describe_with_nodes(rows);
  expect(rows, found);
  // io_links of type 11 with weight 15 inside a hive; p2p_links of type 2 with weight 72 between.
  std::vector<std::string> links;
  for (int a = 0; a < 8; ++a) {
    for (int b = a + 1; b < 8; ++b) {
      links.push_back("amd:" + std::to_string(a) + " amd:" + std::to_string(b) +
                      (a / 4 == b / 4 ? " xgmi 985" : " pcie 928"));
    }
  }
  EXPECT_THAT(found.interconnects(), ElementsAreArray(links));
}

// Two GPUs of one location and no way to tell that they are parts of one: they are two.
TEST_F(Dump, TwoVega10OfAnOldKernel) {
  if (!put("topology-parsing/topology")) {
    GTEST_SKIP() << "no fixtures (XPU_FIXTURES), or not root";
  }
  const std::vector<Row> rows = {
      {"amd:0", "0000:19:00.0", "0xc34ec50444dd0a6c", 128, "gfx900", "64", 17163091968, 0, ""},
      {"amd:1", "0000:19:00.0", "0xc34ec50444dd0a6d", 129, "gfx900", "64", 17163091968, 0, ""},
  };
  const Described found = describe_with_nodes(rows);
  expect(rows, found);
  // Each has a link of weight 20 to the socket.
  EXPECT_THAT(found.interconnects(), ElementsAre("amd:0 amd:1 pcie 960"));
}

// A folder that is no topology: firmware versions of debugfs.
TEST_F(Dump, WithoutATopologyThereIsNothing) {
  const std::string from = sdk::test::fixture(std::string(kDumps) + "debugfs-parsing");
  if (from.empty()) {
    GTEST_SKIP() << "no fixtures (XPU_FIXTURES)";
  }
  std::filesystem::create_directories(tree_.at("/sys/kernel/debug/dri"));
  std::filesystem::copy(from, tree_.at("/sys/kernel/debug/dri/0"),
                        std::filesystem::copy_options::recursive);
  const Described found = describe(tree_.path());
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_THAT(found.catalog.devices, IsEmpty());
}

}  // namespace
}  // namespace xpu::test
