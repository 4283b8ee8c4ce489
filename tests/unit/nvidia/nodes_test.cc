// SPDX-License-Identifier: Apache-2.0
// Device nodes and MIG partitions.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/nvidia/recorder.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

class NodesTest : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_TREE();
    options_.listing = listing(kDriver550);
    options_.root = folder_.path();
  }

  Description build_and_describe() {
    make_driver_tree(options_);
    return describe(below(folder_.path()));
  }

  std::string node(const std::string& path) const {
    return folder_ / path.substr(1) + " = " + path;
  }

  // What a container may get that switches nothing on.
  static std::map<std::string, std::set<std::string>> without_features(const Description& found) {
    std::map<std::string, std::set<std::string>> nodes = found.nodes;
    for (const char* feature : {"gds", "nvswitch", "imex", "mig-config", "mig-monitor"}) {
      for (auto at = nodes.begin(); at != nodes.end();) {
        const bool of_feature = at->first.find(std::string("/") + feature) != std::string::npos;
        at = of_feature ? nodes.erase(at) : std::next(at);
      }
    }
    return nodes;
  }

  std::string conf() const {
    return folder_ / "usr/lib/x86_64-linux-gnu/nvidia/current/fake-nvml.conf";
  }

  Folder folder_;
  fakes::TreeOptions options_;
};

TEST_F(NodesTest, AreScopedToWhatTheyBelongTo) {
  options_.gpus = 2;
  Description found = build_and_describe();
  EXPECT_THAT(
      without_features(found),
      ElementsAre(
          Pair("/", ElementsAre(node("/dev/nvidiactl"))),
          Pair("/compute", ElementsAre(node("/dev/nvidia-uvm"), node("/dev/nvidia-uvm-tools"))),
          Pair("/display", ElementsAre(node("/dev/nvidia-modeset"))),
          Pair("/graphics", ElementsAre(node("/dev/nvidia-modeset"))),
          Pair("0/", ElementsAre(node("/dev/nvidia0"))),
          Pair("0/display", ElementsAre(node("/dev/dri/card1"), node("/dev/dri/renderD128"))),
          Pair("0/graphics", ElementsAre(node("/dev/dri/card1"), node("/dev/dri/renderD128"))),
          Pair("1/", ElementsAre(node("/dev/nvidia1"))),
          Pair("1/display", ElementsAre(node("/dev/dri/card2"), node("/dev/dri/renderD129"))),
          Pair("1/graphics", ElementsAre(node("/dev/dri/card2"), node("/dev/dri/renderD129")))));
  auto links = ElementsAre("/dev/dri/by-path/pci-0000:41:00.0-card -> ../card2",
                           "/dev/dri/by-path/pci-0000:41:00.0-render -> ../renderD129");
  EXPECT_THAT(found.links.at("1/graphics"), links);
  EXPECT_THAT(found.links.at("1/display"), links);
  EXPECT_EQ(found.links.size(), 4u);
}

TEST_F(NodesTest, ThatDoNotExistAreLeftOut) {
  make_driver_tree(options_);
  for (const char* path : {"dev/nvidia-uvm-tools", "dev/nvidia-modeset", "dev/dri/card1"}) {
    std::filesystem::remove(folder_ / path);
  }
  Description found = describe(below(folder_.path()));
  EXPECT_THAT(without_features(found),
              ElementsAre(Pair("/", ElementsAre(node("/dev/nvidiactl"))),
                          Pair("/compute", ElementsAre(node("/dev/nvidia-uvm"))),
                          Pair("0/", ElementsAre(node("/dev/nvidia0"))),
                          Pair("0/display", ElementsAre(node("/dev/dri/renderD128"))),
                          Pair("0/graphics", ElementsAre(node("/dev/dri/renderD128")))));
  EXPECT_TRUE(found.conditions.count("stat " + (folder_ / "dev/nvidia-modeset")))
      << "a node that appears later is noticed";
}

TEST_F(NodesTest, AGpuWithoutItsNodeIsNotAvailable) {
  options_.gpus = 2;
  make_driver_tree(options_);
  std::filesystem::remove(folder_ / "dev/nvidia1");
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.devices.at("0").flags, 0u);
  EXPECT_EQ(found.devices.at("1").flags, XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(
      found.devices.at("1").reason,
      (folder_ / "dev/nvidia1") + " does not exist or is no device; nvidia-modprobe -c 1 makes it");
  EXPECT_TRUE(found.conditions.count("stat " + (folder_ / "dev/nvidia1")));
}

TEST_F(NodesTest, WithoutTheOneForMemoryNothingCanCompute) {
  make_driver_tree(options_);
  std::filesystem::remove(folder_ / "dev/nvidia-uvm");
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.devices.at("0").reason,
            (folder_ / "dev/nvidia-uvm") +
                " does not exist or is no device; nvidia-modprobe -u -c 0 makes it");
}

TEST_F(NodesTest, WithTheKernelsNumbersAreRight) {
  options_.kernel_numbers = true;
  options_.mig = {{0, 1}};
  Description found = build_and_describe();
  EXPECT_EQ(found.devices.at("0:0").flags, 0u) << found.devices.at("0:0").reason;
  EXPECT_TRUE(found.conditions.count("content " + (folder_ / "proc/devices")));
}

TEST_F(NodesTest, WithOtherNumbersThanTheKernelsAreNotGiven) {
  struct Case {
    std::string node;
    unsigned major, minor;
    std::string says;
  };
  const std::vector<Case> cases = {
      {"dev/nvidia0", 195, 1,
       "195:1 and should be 195:0: remove it; nvidia-modprobe -c 0 makes it"},
      {"dev/nvidia0", 8, 0, "8:0 and should be 195:0: remove it; nvidia-modprobe -c 0 makes it"},
      {"dev/nvidiactl", 195, 0,
       "195:0 and should be 195:255: remove it; nvidia-modprobe -c 255 makes it"},
      {"dev/nvidia-modeset", 195, 0, "195:0 and should be 195:254: remove it"},
      {"dev/nvidia-uvm", 1, 1,
       "1:1 and should be 510:0: remove it; nvidia-modprobe -u -c 0 makes it"}};
  options_.kernel_numbers = true;
  make_driver_tree(options_);
  for (const Case& wrong : cases) {
    const std::string place = folder_ / wrong.node;
    std::filesystem::rename(place, folder_ / "right");
    ASSERT_EQ(mknod(place.c_str(), S_IFCHR | 0600, makedev(wrong.major, wrong.minor)), 0);
    Description found = describe(below(folder_.path()));
    EXPECT_EQ(found.devices.at("0").reason, place + " is device " + wrong.says);
    for (const auto& [scope, nodes] : found.nodes) {
      EXPECT_EQ(nodes.count(node("/" + wrong.node)), 0u) << scope;
    }
    std::filesystem::rename(folder_ / "right", place);
  }
}

TEST_F(NodesTest, AFileInThePlaceOfANodeIsNoNode) {
  make_driver_tree(options_);
  std::filesystem::remove(folder_ / "dev/nvidiactl");
  std::ofstream(folder_ / "dev/nvidiactl") << "";
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.nodes.count("/"), 0u);
  EXPECT_EQ(found.devices.at("0").reason,
            (folder_ / "dev/nvidiactl") +
                " does not exist or is no device; nvidia-modprobe -c 255 makes it");
}

// Drivers' containers link their nodes into place.
TEST_F(NodesTest, ALinkToANodeIsTheNode) {
  make_driver_tree(options_);
  std::filesystem::create_directories(folder_ / "dev/real");
  for (const char* name : {"nvidia0", "nvidiactl", "dri/card1"}) {
    const std::string place = folder_ / "dev/" + name;
    const std::string real = "/dev/real/" + std::filesystem::path(name).filename().string();
    std::filesystem::rename(place, folder_ / real.substr(1));
    std::filesystem::create_symlink(real, place);
  }
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.devices.at("0").flags, 0u) << found.devices.at("0").reason;
  EXPECT_THAT(found.nodes.at("0/"), ElementsAre(folder_ / "dev/real/nvidia0" + " = /dev/nvidia0"));
  EXPECT_THAT(found.nodes.at("/"),
              ElementsAre(folder_ / "dev/real/nvidiactl" + " = /dev/nvidiactl"));
  EXPECT_THAT(
      found.nodes.at("0/graphics"),
      ElementsAre(node("/dev/dri/renderD128"), folder_ / "dev/real/card1" + " = /dev/dri/card1"));
}

TEST_F(NodesTest, OneThatIsAnythingElseCostsItsGpuAlone) {
  options_.gpus = 5;
  make_driver_tree(options_);
  for (unsigned gpu = 1; gpu < 5; ++gpu) {
    std::filesystem::remove(folder_ / "dev/nvidia" + std::to_string(gpu));
  }
  std::filesystem::create_directory(folder_ / "dev/nvidia1");
  std::filesystem::create_symlink("nvidia2", folder_ / "dev/nvidia2");
  std::filesystem::create_symlink("nowhere", folder_ / "dev/nvidia3");
  ASSERT_EQ(mkfifo((folder_ / "dev/nvidia4").c_str(), 0600), 0);
  Description found = describe(below(folder_.path()));
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").flags, 0u) << found.devices.at("0").reason;
  for (const char* index : {"1", "2", "3", "4"}) {
    EXPECT_EQ(found.devices.at(index).reason,
              (folder_ / "dev/nvidia") + index +
                  " does not exist or is no device; nvidia-modprobe -c " + index + " makes it");
    EXPECT_EQ(found.nodes.count(std::string(index) + "/"), 0u);
  }
  EXPECT_TRUE(found.conditions.count("listing " + (folder_ / "dev/nvidia1")));
  EXPECT_FALSE(found.conditions.count("stat " + (folder_ / "dev/nvidia2"))) << "it cannot be taken";
  EXPECT_TRUE(found.conditions.count("stat " + (folder_ / "dev/nvidia3")));
  EXPECT_FALSE(found.conditions.count("stat " + (folder_ / "dev/nvidia4")));
}

TEST_F(NodesTest, AGpuWhoseNumberIsNotKnownIsNotAvailable) {
  options_.nvml = "none";
  make_driver_tree(options_);
  std::ofstream(folder_ / "proc/driver/nvidia/gpus/0000:01:00.0/information", std::ios::trunc)
      << "Model: \t\t NVIDIA A100-SXM4-40GB\n";
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.devices.at("0").reason, "the number of its device node is not known");
}

TEST_F(NodesTest, TheThreeRootsAreApart) {
  Folder dev, sys;
  options_.dev_root = dev.path();
  options_.sys_root = sys.path();
  make_driver_tree(options_);
  Description found =
      describe({folder_.path().string(), dev.path().string(), sys.path().string() + "/"});
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").flags, 0u) << found.devices.at("0").reason;
  EXPECT_EQ(found.devices.at("0").numa_node, 0);
  EXPECT_THAT(found.nodes.at("0/"), ElementsAre(dev / "dev/nvidia0" + " = /dev/nvidia0"));
  EXPECT_THAT(found.nodes.at("0/graphics"),
              ElementsAre(dev / "dev/dri/card1" + " = /dev/dri/card1",
                          dev / "dev/dri/renderD128" + " = /dev/dri/renderD128"));
  EXPECT_TRUE(found.conditions.count("content " + (sys / "proc/driver/nvidia/version")));
  EXPECT_TRUE(found.conditions.count("listing " + (sys / "sys/bus/pci/devices/0000:01:00.0/drm")));
}

TEST_F(NodesTest, PartitionsStandInForTheirGpu) {
  options_.gpus = 2;
  options_.mig = {{1, 2}};
  Description found = build_and_describe();
  ASSERT_EQ(found.devices.size(), 4u);
  EXPECT_EQ(found.devices.at("0").flags, 0u);
  EXPECT_EQ(found.devices.at("1").flags, XPU_DEVICE_NOT_IN_ALL | XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(found.devices.at("1").reason, "in MIG mode: ask for its partitions 1:0, 1:1");
  EXPECT_EQ(found.devices.at("1").properties.at("mig-mode"), "enabled");
  const Device& part = found.devices.at("1:1");
  EXPECT_EQ(part.kind, XPU_KIND_PARTITION);
  EXPECT_EQ(part.flags, 0u) << part.reason;
  EXPECT_EQ(part.parent, "1");
  EXPECT_EQ(part.uuid, "MIG-5eed0000-0000-5000-8000-000001000001");
  EXPECT_EQ(part.name, "NVIDIA A100-SXM4-40GB MIG 1g.5gb");
  EXPECT_EQ(part.memory_bytes, 5100273664u);
  EXPECT_EQ(part.architecture, "8.0");
  EXPECT_EQ(part.numa_node, 1);
  EXPECT_EQ(part.pci, "") << "the address is the GPU's";
  EXPECT_THAT(part.aliases, ElementsAre("MIG-GPU-5eed0000-0000-4000-8000-000000000001/8/0"));
  // gpu1, gi8: 3 + 135 + 8 * 9, and its ci0 one more.
  EXPECT_THAT(found.nodes.at("1:1/"),
              ElementsAre(node("/dev/nvidia-caps/nvidia-cap210"),
                          node("/dev/nvidia-caps/nvidia-cap211"), node("/dev/nvidia1")));
  EXPECT_EQ(found.nodes.count("1:1/graphics"), 0u);
}

TEST_F(NodesTest, PartitionsAreWatched) {
  options_.mig = {{0, 1}};
  Description found = build_and_describe();
  const std::string mig = folder_ / "proc/driver/nvidia/capabilities/gpu0/mig";
  EXPECT_TRUE(found.conditions.count("listing " + mig));
  EXPECT_TRUE(found.conditions.count("listing " + mig + "/gi7"));
  EXPECT_TRUE(found.conditions.count("listing " + (folder_ / "dev/nvidia-caps")));
  EXPECT_TRUE(found.conditions.count("seconds 600"));
}

TEST_F(NodesTest, APartitionWithoutItsNodeIsNotAvailable) {
  options_.mig = {{0, 2}};
  make_driver_tree(options_);
  std::filesystem::remove(folder_ / "dev/nvidia-caps/nvidia-cap67");  // gi7's ci0
  std::filesystem::remove(folder_ / "proc/driver/nvidia/capabilities/gpu0/mig/gi8/access");
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.devices.at("0:0").reason,
            (folder_ / "dev/nvidia-caps/nvidia-cap67") +
                " does not exist or is no device; nvidia-modprobe -f "
                "/proc/driver/nvidia/capabilities/gpu0/mig/gi7/ci0/access makes it");
  EXPECT_EQ(
      found.devices.at("0:1").reason,
      (folder_ / "proc/driver/nvidia/capabilities/gpu0/mig/gi8/access") + " names no device node");
}

TEST_F(NodesTest, APartitionThatNvmlDoesNotNameIsNamedByItsSize) {
  make_driver_tree(options_);
  std::ofstream(conf(), std::ios::app) << "mig on\npartition 3 1 0 MIG-x 5100273664\n";
  Description found = describe(below(folder_.path()));
  ASSERT_TRUE(found.devices.count("0:3")) << "gaps in NVML's numbers are kept";
  EXPECT_EQ(found.devices.at("0:3").name, "NVIDIA A100-SXM4-40GB MIG 1g.5gb");
}

// Profiles with "+gfx" can draw, all others compute only.
TEST_F(NodesTest, APartitionThatDrawsHasTheDrmNodesOfItsGpu) {
  options_.mig = {{0, 1}};
  make_driver_tree(options_);
  std::ofstream(conf(), std::ios::app)
      << "partition 1 8 0 MIG-draws 25757220864 NVIDIA RTX PRO 6000 MIG 1g.24gb+gfx\n"
         "partition 2 9 0 MIG-media 25757220864 NVIDIA RTX PRO 6000 MIG 1g.24gb+me\n";
  Description found = describe(below(folder_.path()));
  auto drawing = ElementsAre(node("/dev/dri/card1"), node("/dev/dri/renderD128"));
  EXPECT_THAT(found.nodes.at("0:1/graphics"), drawing);
  EXPECT_THAT(found.nodes.at("0:1/display"), drawing);
  EXPECT_THAT(found.links.at("0:1/graphics"),
              ElementsAre("/dev/dri/by-path/pci-0000:01:00.0-card -> ../card1",
                          "/dev/dri/by-path/pci-0000:01:00.0-render -> ../renderD128"));
  EXPECT_EQ(found.nodes.count("0:0/graphics"), 0u);
  EXPECT_EQ(found.nodes.count("0:2/graphics"), 0u);
}

// NVML may number them in another order than by their instances.
TEST_F(NodesTest, PartitionsThatOnlyTheModuleKnowsAreCalledByTheirInstances) {
  options_.mig = {{0, 2}};
  options_.nvml = "none";
  Description found = build_and_describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").reason, "in MIG mode: ask for its partitions 0:7:0, 0:8:0");
  EXPECT_EQ(found.devices.at("0").flags, XPU_DEVICE_NOT_IN_ALL | XPU_DEVICE_UNAVAILABLE);
  ASSERT_EQ(found.devices.size(), 3u);
  const Device& part = found.devices.at("0:8:0");
  EXPECT_EQ(part.kind, XPU_KIND_PARTITION);
  EXPECT_EQ(part.flags, 0u) << part.reason;
  EXPECT_EQ(part.name, "NVIDIA A100-SXM4-40GB MIG device");
  EXPECT_EQ(part.uuid, "");
  EXPECT_THAT(part.aliases, ElementsAre("MIG-GPU-5eed0000-0000-4000-8000-000000000000/8/0"));
  EXPECT_THAT(found.nodes.at("0:8:0/"),
              ElementsAre(node("/dev/nvidia-caps/nvidia-cap75"),
                          node("/dev/nvidia-caps/nvidia-cap76"), node("/dev/nvidia0")));
}

TEST_F(NodesTest, PartitionsThatAnOldNvmlDoesNotKnowAreFilledIn) {
  options_.mig = {{0, 1}};
  options_.nvml = "minimal";
  Description found = build_and_describe();
  EXPECT_EQ(found.properties.at("source"), "nvml");
  EXPECT_EQ(found.devices.at("0:7:0").flags, 0u) << found.devices.at("0:7:0").reason;
}

// Drivers before 470 call partitions by their instances.
TEST_F(NodesTest, AnOldNameOfAPartitionIsNoSecondName) {
  make_driver_tree(options_);
  std::ofstream(folder_ / "proc/driver/nvidia/capabilities/gpu0/mig/x");
  std::ofstream(conf(), std::ios::app)
      << "mig on\npartition 0 7 0 MIG-GPU-5eed0000-0000-4000-8000-000000000000/7/0 5100273664\n";
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.devices.at("0:0").uuid, "MIG-GPU-5eed0000-0000-4000-8000-000000000000/7/0");
  EXPECT_TRUE(found.devices.at("0:0").aliases.empty());
}

TEST_F(NodesTest, AGpuInMigModeWithoutPartitionsIsNotInAll) {
  options_.mig = {{0, 0}};
  Description found = build_and_describe();
  EXPECT_EQ(found.devices.size(), 1u);
  EXPECT_EQ(found.devices.at("0").flags, XPU_DEVICE_NOT_IN_ALL | XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(found.devices.at("0").reason, "in MIG mode without partitions");
}

// Fabric, management and storage nodes are for other requests than these.
TEST_F(NodesTest, OfFabricAndManagementBelongToFeaturesAlone) {
  options_.gpus = 2;
  options_.mig = {{1, 2}};
  Description found = build_and_describe();
  for (const auto& [scope, nodes] : without_features(found)) {
    for (const std::string& line : nodes) {
      for (const char* forbidden :
           {"imex", "nvswitch", "nvidia-fs", "nvidia-cap1 ", "nvidia-cap2 "}) {
        EXPECT_EQ(line.find(forbidden), std::string::npos) << line;
      }
    }
  }
  ASSERT_TRUE(std::filesystem::exists(folder_ / "dev/nvidia-caps-imex-channels/channel0"));
}

}  // namespace
}  // namespace xpu::test
