// SPDX-License-Identifier: Apache-2.0
// Recorded hosts, each with a table of what the record itself says.
#include <gmock/gmock.h>

#include <filesystem>
#include <sstream>

#include "tests/unit/intel/describe.h"

namespace xpu::test {
namespace {

using sdk::test::bytes_of;
using sdk::test::fixture;
using sdk::test::output_of;
using testing::ElementsAre;
using testing::Pair;

// Unpacks an archive of the Prometheus project's "ttar", which is a text: "Directory: PATH",
// "Path: PATH" with "Lines: N" and that many lines, or "Path: PATH" with "SymlinkTo: TARGET".
void unpack_ttar(const std::string& text, const sdk::test::Tree& tree) {
  std::istringstream in(text);
  std::string path;
  for (std::string line; std::getline(in, line);) {
    const auto value_of = [&](const std::string& key) {
      return line.compare(0, key.size(), key) == 0 ? line.substr(key.size()) : "";
    };
    if (const std::string name = value_of("Directory: "); !name.empty()) {
      tree.folder("/" + name);
    } else if (const std::string file = value_of("Path: "); !file.empty()) {
      path = "/" + file;
    } else if (const std::string target = value_of("SymlinkTo: "); !target.empty()) {
      tree.link(path, target);
    } else if (const std::string count = value_of("Lines: "); !count.empty()) {
      std::string content;
      for (int left = std::stoi(count); left > 0 && std::getline(in, line); --left) {
        content += line + "\n";
      }
      tree.file(path, content);
    }
  }
}

// The class folders, which archives of device folders lack.
void link_class(const sdk::test::Tree& tree, const std::string& pci_folder,
                const std::string& class_name) {
  for (const auto& entry :
       std::filesystem::directory_iterator(tree.at(pci_folder + "/" + class_name))) {
    const std::string name = entry.path().filename();
    tree.link("/sys/class/" + class_name + "/" + name,
              "../../" + pci_folder.substr(5) + "/" + class_name + "/" + name);
  }
}

// One integrated GPU, 8086:5912 at 0000:00:02.0, card1 226:1 and renderD129 226:129, NUMA node -1;
// nothing about its driver.
TEST(Fixtures, AHostOfTheDevicePlugins) {
  XPU_NEEDS_ROOT();
  const std::string archive = fixture("sysfs/intel/intel-device-plugins-sys.ttar");
  if (archive.empty()) {
    GTEST_SKIP() << "the fixtures' Intel sysfs is not here";
  }
  const sdk::test::Tree tree;
  unpack_ttar(bytes_of(archive), tree);
  link_class(tree, "/sys/devices/pci0000:00/0000:00:02.0", "drm");
  fakes::IntelTree nodes(tree.path());
  nodes.node("/dev/dri/card1", {226, 1});
  nodes.node("/dev/dri/renderD129", {226, 129});

  const Description found = describe(tree.path());
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(found.ids(), ElementsAre("intel:0"));
  const Device& gpu = found.devices.at("intel:0");
  EXPECT_EQ(gpu.kind, XPU_KIND_GPU);
  EXPECT_EQ(gpu.flags, 0u) << gpu.reason;
  EXPECT_EQ(gpu.pci, "0000:00:02.0");
  EXPECT_EQ(gpu.name, "Intel GPU 8086:5912");
  EXPECT_EQ(gpu.architecture, "gen9.5") << "Kaby Lake";
  EXPECT_EQ(gpu.numa_node, -1);
  EXPECT_EQ(gpu.memory_bytes, 0u);
  EXPECT_EQ(gpu.properties.at("integrated"), "true");
  EXPECT_EQ(gpu.properties.count("kernel-driver"), 0u);
  EXPECT_THAT(found.nodes,
              ElementsAre(Pair("intel:0", ElementsAre("/dev/dri/card1", "/dev/dri/renderD129"))));
  EXPECT_THAT(found.links,
              ElementsAre(Pair("intel:0", ElementsAre("/dev/dri/by-path/pci-0000:00:02.0-card -> "
                                                      "../card1",
                                                      "/dev/dri/by-path/pci-0000:00:02.0-render -> "
                                                      "../renderD129"))));
}

// Neither has an Intel GPU or accelerator, both have other Intel devices: network and chipset. The
// first has a GPU of another vendor with a card, the second a processing accelerator (1b36:0005).
TEST(Fixtures, HostsWithoutAnAcceleratorOfOurs) {
  const std::string folder = fixture("sysfs/ghw-snapshots");
  if (folder.empty()) {
    GTEST_SKIP() << "the fixtures' snapshots are not here";
  }
  unsigned count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const sdk::test::Tree tree;
    output_of("tar -xzf '" + entry.path().string() + "' -C '" + tree.path() + "' 2>/dev/null");
    const Description found = describe(tree.path());
    EXPECT_EQ(found.status, XPU_ABSENT) << entry.path();
    EXPECT_EQ(found.error, "no device of the drivers i915, xe, intel_vpu and habanalabs is below " +
                               tree.at("/sys/class"));
    ++count;
  }
  EXPECT_GE(count, 2u);
}

}  // namespace
}  // namespace xpu::test
