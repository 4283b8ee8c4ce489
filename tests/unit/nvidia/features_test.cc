// SPDX-License-Identifier: Apache-2.0
// What a container gets only when it switches it on.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tests/unit/nvidia/recorder.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class FeaturesTest : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_TREE();
    options_.listing = listing(kDriver550);
    options_.root = folder_.path();
  }

  void build() {
    make_driver_tree(options_);
    for (const char* made : {"dev/nvidia-fs0", "dev/nvidia-nvswitchctl", "dev/nvidia-nvswitch0",
                             "dev/nvidia-caps-imex-channels", "dev/nvidia-caps/nvidia-cap1",
                             "dev/nvidia-caps/nvidia-cap2"}) {
      std::filesystem::remove_all(folder_ / made);
    }
  }

  void node(const std::string& path, unsigned major = 240, unsigned minor = 0) const {
    const std::filesystem::path place = folder_.path() / path.substr(1);
    std::filesystem::create_directories(place.parent_path());
    ASSERT_EQ(mknod(place.c_str(), S_IFCHR | 0600, makedev(major, minor)), 0) << place;
  }

  void text(const std::string& path, const std::string& content) const {
    const std::filesystem::path place = folder_.path() / path.substr(1);
    std::filesystem::create_directories(place.parent_path());
    std::ofstream(place) << content;
  }

  Description describe_tree() const { return describe(below(folder_.path())); }

  std::string both(const std::string& path) const {
    return folder_ / path.substr(1) + " = " + path;
  }

  std::string watched(const std::string& kind, const std::string& path) const {
    return kind + " " + folder_ / path.substr(1);
  }

  Folder folder_;
  fakes::TreeOptions options_;
};

TEST_F(FeaturesTest, ThatTheHostHasNotAreNotThere) {
  build();
  Description found = describe_tree();
  EXPECT_THAT(found.capabilities, ElementsAre("compute", "utility", "graphics", "video", "display",
                                              "ngx", "compat32", "jetpack-all"));
  for (const char* path : {"/dev/nvidia-fs0", "/dev/infiniband/rdma_cm", "/dev/infiniband/uverbs0",
                           "/dev/gdrdrv", "/dev/nvidia-nvswitchctl", "/dev/nvidia-nvswitch0"}) {
    EXPECT_TRUE(found.conditions.count(watched("stat", path))) << path << " may appear later";
  }
  EXPECT_TRUE(found.conditions.count(watched("listing", "/dev/nvidia-caps-imex-channels")));
}

TEST_F(FeaturesTest, StorageBringsItsNodesAndWhatFindsTheDisks) {
  build();
  node("/dev/nvidia-fs0");
  node("/dev/nvidia-fs1", 240, 1);
  node("/dev/nvidia-fsx", 240, 2);
  text("/dev/nvidia-fs2", "no node");
  text("/etc/cufile.json", "{}");
  text("/run/udev/data/b259:0", "E:ID_MODEL=acme\n");
  Description found = describe_tree();
  EXPECT_THAT(found.nodes.at("/gds"),
              ElementsAre(both("/dev/nvidia-fs0"), both("/dev/nvidia-fs1")));
  ASSERT_EQ(found.files.at("/gds").size(), 2u);
  const File& udev = found.files.at("/gds")[0];
  EXPECT_EQ(udev.kind, XPU_FILE_DIRECTORY);
  EXPECT_EQ(udev.host_path, folder_ / "run/udev");
  EXPECT_EQ(udev.container_path, "/run/udev");
  const File& settings = found.files.at("/gds")[1];
  EXPECT_EQ(settings.kind, XPU_FILE_DATA);
  EXPECT_EQ(settings.host_path, folder_ / "etc/cufile.json");
  EXPECT_EQ(settings.container_path, "/etc/cufile.json");
  EXPECT_TRUE(found.conditions.count(watched("stat", "/dev/nvidia-fs2"))) << "the next one";
  EXPECT_TRUE(found.conditions.count(watched("stat", "/etc/cufile.json")));
}

TEST_F(FeaturesTest, WithoutNodesFilesAloneAreNoFeature) {
  build();
  text("/etc/cufile.json", "{}");
  Description found = describe_tree();
  EXPECT_THAT(found.capabilities, Not(Contains("gds")));
  EXPECT_EQ(found.files.count("/gds"), 0u);
}

TEST_F(FeaturesTest, NetworkCopiesAndSwitchesBringTheirNodes) {
  build();
  for (const char* path : {"/dev/infiniband/uverbs0", "/dev/infiniband/uverbs10",
                           "/dev/infiniband/rdma_cm", "/dev/infiniband/umad0", "/dev/gdrdrv",
                           "/dev/nvidia-nvswitchctl", "/dev/nvidia-nvswitch0"}) {
    node(path);
  }
  Description found = describe_tree();
  EXPECT_THAT(found.nodes.at("/mofed"),
              ElementsAre(both("/dev/infiniband/rdma_cm"), both("/dev/infiniband/uverbs0"),
                          both("/dev/infiniband/uverbs10")));
  EXPECT_THAT(found.nodes.at("/gdrcopy"), ElementsAre(both("/dev/gdrdrv")));
  EXPECT_THAT(found.nodes.at("/nvswitch"),
              ElementsAre(both("/dev/nvidia-nvswitch0"), both("/dev/nvidia-nvswitchctl")));
  EXPECT_TRUE(found.conditions.count(watched("stat", "/dev/nvidia-nvswitch1")));
}

TEST_F(FeaturesTest, AChannelIsAskedForByItsNumber) {
  build();
  for (unsigned channel : {0u, 7u, 2047u}) {
    node("/dev/nvidia-caps-imex-channels/channel" + std::to_string(channel), 241, channel);
  }
  node("/dev/nvidia-caps-imex-channels/channelx", 241, 9);
  Description found = describe_tree();
  EXPECT_THAT(found.capabilities, Contains("imex"));
  for (const char* channel : {"0", "7", "2047"}) {
    EXPECT_THAT(found.nodes.at(std::string("/imex=") + channel),
                ElementsAre(both(std::string("/dev/nvidia-caps-imex-channels/channel") + channel)));
  }
  EXPECT_EQ(std::count_if(found.nodes.begin(), found.nodes.end(),
                          [](const auto& at) { return at.first.find("imex") != at.first.npos; }),
            3);
}

// A module that was loaded anew may have another number, and the old one another driver.
TEST_F(FeaturesTest, ANodeOfAnotherDriverIsNotGiven) {
  build();
  text("/proc/devices",
       "Character devices:\n243 nvidia-fs\n244 nvidia-nvswitch\n245 nvidia-caps-imex-channels\n"
       "246 gdrdrv\n\nBlock devices:\n");
  node("/dev/nvidia-fs0", 243, 0);
  node("/dev/nvidia-fs1", 244, 1);
  node("/dev/gdrdrv", 10, 237);
  node("/dev/nvidia-caps-imex-channels/channel0", 245, 0);
  node("/dev/nvidia-caps-imex-channels/channel1", 243, 1);
  Description found = describe_tree();
  EXPECT_THAT(found.nodes.at("/gds"), ElementsAre(both("/dev/nvidia-fs0")));
  EXPECT_THAT(found.nodes.at("/imex=0"), testing::SizeIs(1));
  EXPECT_EQ(found.nodes.count("/imex=1"), 0u);
  EXPECT_EQ(found.nodes.count("/gdrcopy"), 0u);
}

class Rights : public FeaturesTest {
 protected:
  void build_with_rights() {
    build();
    text("/proc/driver/nvidia/capabilities/mig/config",
         "DeviceFileMinor: 1\nDeviceFileMode: 256\n");
    text("/proc/driver/nvidia/capabilities/mig/monitor",
         "DeviceFileMinor: 2\nDeviceFileMode: 292\n");
    node("/dev/nvidia-caps/nvidia-cap1", 511, 1);
    node("/dev/nvidia-caps/nvidia-cap2", 511, 2);
  }
};

TEST_F(Rights, OverPartitionsAreEachAFeature) {
  options_.gpus = 3;
  options_.mig = {{1, 2}, {2, 0}};
  build_with_rights();
  Description found = describe_tree();
  EXPECT_THAT(found.capabilities, Contains("mig-config"));
  // The GPU that is in MIG mode and not divided yet, which nobody can ask for.
  EXPECT_THAT(found.nodes.at("/mig-config"),
              ElementsAre(both("/dev/nvidia-caps/nvidia-cap1"), both("/dev/nvidia2")));
  EXPECT_THAT(found.nodes.at("/mig-monitor"),
              ElementsAre(both("/dev/nvidia-caps/nvidia-cap2"), both("/dev/nvidia2")));
  // With one partition of a GPU all of them: it is managed as a whole. gpu1, gi7: 3 + 135 + 7 * 9.
  for (const char* scope : {"1:0/mig-config", "1:1/mig-config", "1:0/mig-monitor"}) {
    EXPECT_THAT(
        found.nodes.at(scope),
        ElementsAre(both("/dev/nvidia-caps/nvidia-cap201"), both("/dev/nvidia-caps/nvidia-cap202"),
                    both("/dev/nvidia-caps/nvidia-cap210"), both("/dev/nvidia-caps/nvidia-cap211")))
        << scope;
  }
  EXPECT_EQ(found.nodes.count("0/mig-config"), 0u) << "it is not divided";
}

TEST_F(Rights, WithoutTheirNodeAreNotThere) {
  options_.mig = {{0, 1}};
  build_with_rights();
  std::filesystem::remove(folder_ / "dev/nvidia-caps/nvidia-cap1");
  Description found = describe_tree();
  EXPECT_THAT(found.capabilities, Not(Contains("mig-config")));
  EXPECT_THAT(found.capabilities, Contains("mig-monitor"));
  EXPECT_TRUE(found.conditions.count(watched("listing", "/dev/nvidia-caps")));
}

}  // namespace
}  // namespace xpu::test
