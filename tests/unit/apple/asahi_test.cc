// SPDX-License-Identifier: Apache-2.0
// Linux on the bare metal.
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/unit/apple/machines.h"

namespace xpu::apple::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kGpu = "/sys/devices/platform/soc/406400000.gpu";

// A Mac mini: the GPU, and the display engine, which is another DRM device without a render node.
void mac_mini(const Tree& tree, const std::string& chip) {
  using namespace std::string_literals;
  tree.file("/proc/device-tree/compatible",
            "apple,j274\0apple,"s + chip + "\0apple,arm-platform\0"s);
  tree.file("/proc/device-tree/model", "Apple Mac mini (M1, 2020)\0"s);
  tree.drm(kGpu, "asahi", {{"card1", 1}, {"renderD128", 128}});
  tree.drm("/sys/devices/platform/soc/231c00000.dcp", "appledrm", {{"card0", 0}});
  tree.cpu("0x61", "0x022");
}

std::string node_line(const Tree& tree, const std::string& name) {
  return "node 24 48[apple:0+] " + tree.path().string() + "/dev/dri/" + name + " /dev/dri/" + name;
}

TEST(Asahi, DescribesTheGpuAndNothingOfTheDisplay) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t8103");
  FakeKernel kernel;
  kernel.nodes["renderD128"].asahi.emplace();
  Result result;
  describe(tree, kernel, result);
  EXPECT_EQ(result.absent + result.invalid + result.failed, "");
  EXPECT_THAT(result.host.calls, testing::Contains(HasSubstr("apple:0 |Apple M1|g13g|0.1.0|||")))
      << result.all();
  for (const char* property : {"integrated=true", "chip=t8103", "compute-units=8", "source=sysfs",
                               "protocol=native", "driver=0.1.0"}) {
    EXPECT_TRUE(result.has(std::string("property apple:0 ") + property)) << property;
  }
  EXPECT_TRUE(result.has("alias apple:0 406400000.gpu"));
  EXPECT_TRUE(result.has(node_line(tree, "card1"))) << result.all();
  EXPECT_TRUE(result.has(node_line(tree, "renderD128")));
  EXPECT_THAT(result.all(), HasSubstr("/dev/dri/by-path/platform-406400000.gpu-card ../card1\n"));
  EXPECT_THAT(result.all(),
              HasSubstr("/dev/dri/by-path/platform-406400000.gpu-render ../renderD128\n"));
  EXPECT_THAT(result.all(), Not(HasSubstr("card0")));
  EXPECT_THAT(result.all(), Not(HasSubstr("env ")));
  EXPECT_EQ(kernel.opened, std::set<std::string>{"renderD128"});
}

TEST(Asahi, NamesThePlacesOfAMissingVulkanDriver) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t8103");
  FakeKernel kernel;
  kernel.nodes["renderD128"];
  Result result;
  describe(tree, kernel, result);
  EXPECT_THAT(result.all(), HasSubstr("[apple:0+ unless /usr/share/vulkan/icd.d/asahi_icd*.json,"
                                      "/usr/local/share/vulkan/icd.d/asahi_icd*.json,"
                                      "/etc/vulkan/icd.d/asahi_icd*.json] 1 the image has no "
                                      "asahi_icd*.json where Vulkan looks for drivers"));
}

TEST(Asahi, KnowsTheChipWhereTheKernelDoesNotSay) {
  XPU_NEEDS_ROOT();
  const std::map<std::string, std::string> expected = {
      {"t8103", "|Apple M1|g13g|"},     {"t6000", "|Apple M1 Pro|g13s|"},
      {"t6001", "|Apple M1 Max|g13c|"}, {"t6002", "|Apple M1 Ultra|g13d|"},
      {"t8112", "|Apple M2|g14g|"},     {"t6020", "|Apple M2 Pro|g14s|"},
      {"t6021", "|Apple M2 Max|g14c|"}, {"t6022", "|Apple M2 Ultra|g14d|"},
      {"t8122", "|Apple GPU (t8122)||"}};
  for (const auto& [chip, text] : expected) {
    Tree tree;
    mac_mini(tree, chip);
    FakeKernel kernel;
    kernel.nodes["renderD128"];  // an older kernel, which refuses the question
    Result result;
    describe(tree, kernel, result);
    EXPECT_THAT(result.all(), HasSubstr(text)) << chip;
    EXPECT_THAT(result.all(), Not(HasSubstr("compute-units")));
  }
}

TEST(Asahi, CountsTheCoresOfEveryClusterAndNoMoreThanThereCanBe) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t6002");
  for (const auto& [clusters, cores] : std::map<unsigned, std::string>{
           {8, "compute-units=24"}, {4000000000, "compute-units=192"}}) {
    FakeKernel kernel;
    kernel.interruptions = 2;
    kernel.nodes["renderD128"].asahi = FakeNode::Asahi{13, 'D', clusters, 0b10101};
    Result result;
    describe(tree, kernel, result);
    EXPECT_THAT(result.all(), HasSubstr("property apple:0 " + cores + "\n"));
    EXPECT_THAT(result.all(), HasSubstr("|Apple M1 Ultra|g13d|"));
  }
}

TEST(Asahi, LeavesOutAnArchitectureThatIsNoLetter) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t9999");
  FakeKernel kernel;
  kernel.nodes["renderD128"].asahi = FakeNode::Asahi{17, '\n', 1, 1};
  Result result;
  describe(tree, kernel, result);
  EXPECT_THAT(result.all(), HasSubstr("|Apple GPU (t9999)||"));
}

TEST(Asahi, WithoutADeviceTreeIsAGpuAllTheSame) {
  XPU_NEEDS_ROOT();
  Tree tree;
  tree.drm(kGpu, "asahi", {{"renderD128", 128}});
  FakeKernel kernel;
  kernel.nodes["renderD128"].asahi.emplace();
  Result result;
  describe(tree, kernel, result);
  EXPECT_THAT(result.all(), HasSubstr("|Apple GPU|g13g|"));
  EXPECT_THAT(result.all(), Not(HasSubstr("chip=")));
}

TEST(Asahi, IsUnavailableWithoutItsNode) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t8103");
  std::filesystem::remove(tree / "dev/dri/renderD128");
  FakeKernel kernel;
  Result result;
  describe(tree, kernel, result);
  EXPECT_THAT(result.all(),
              HasSubstr("|" + tree / "dev/dri/renderD128" + " does not exist or is no device\n"));
  EXPECT_THAT(result.all(), Not(HasSubstr("node ")));
  EXPECT_EQ(kernel.opened, std::set<std::string>{});
}

TEST(Asahi, IsUnavailableWhenItsNodeIsAnothers) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t8103");
  std::filesystem::remove(tree / "dev/dri/renderD128");
  tree.node("/dev/dri/renderD128", 1, 3);
  FakeKernel kernel;
  Result result;
  describe(tree, kernel, result);
  EXPECT_THAT(result.all(), HasSubstr(tree / "dev/dri/renderD128" +
                                      " is device 1:3 and should be 226:128: remove it\n"));
  EXPECT_EQ(kernel.opened, std::set<std::string>{});
}

TEST(Asahi, IsUnavailableWhenItsNodeCannotBeOpened) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t8103");
  FakeKernel kernel;
  kernel.nodes["renderD128"].open_error = EIO;
  Result result;
  describe(tree, kernel, result);
  EXPECT_THAT(result.all(),
              HasSubstr(tree / "dev/dri/renderD128" + " cannot be opened: Input/output error\n"));
}

TEST(Asahi, ComputesWithoutItsCardNode) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t8103");
  std::filesystem::remove(tree / "dev/dri/card1");
  FakeKernel kernel;
  kernel.nodes["renderD128"];
  Result result;
  describe(tree, kernel, result);
  EXPECT_TRUE(result.has(node_line(tree, "renderD128")));
  EXPECT_THAT(result.all(), Not(HasSubstr("/dev/dri/card1 /dev/dri")));
}

TEST(Asahi, IsWatched) {
  XPU_NEEDS_ROOT();
  Tree tree;
  mac_mini(tree, "t8103");
  FakeKernel kernel;
  kernel.nodes["renderD128"];
  Result result;
  describe(tree, kernel, result);
  const std::string root = tree.path();
  for (const std::string& condition :
       {"2 " + root + "/sys/class/drm 0", "2 " + root + "/dev/dri 0",
        "1 " + root + "/dev/dri/card1 0", "1 " + root + "/dev/dri/renderD128 0"}) {
    EXPECT_THAT(result.all(), HasSubstr(condition + "\n"));
  }
}

}  // namespace
}  // namespace xpu::apple::test
