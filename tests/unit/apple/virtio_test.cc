// SPDX-License-Identifier: Apache-2.0
// Linux in a virtual machine.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "backends/apple/drm_abi.h"
#include "tests/unit/apple/machines.h"

namespace xpu::apple::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kMmio = "/sys/devices/platform/a003e00.virtio_mmio";

// krunkit: device tree and SMBIOS name the monitor, the processor is Apple's.
void krunkit(const Tree& tree) {
  using namespace std::string_literals;
  tree.file("/proc/device-tree/compatible", "linux,dummy-virt\0"s);
  tree.file("/sys/class/dmi/id/sys_vendor", "Libkrun\n");
  tree.virtio(kMmio, 5, {{"card0", 0}, {"renderD128", 128}});
  tree.cpu("0x61", "0x000");
}

TEST(Virtio, WithVenusOnAnAppleHostIsAGpu) {
  XPU_NEEDS_ROOT();
  Tree tree;
  krunkit(tree);
  FakeKernel kernel;
  kernel.nodes["renderD128"] = venus();
  Result result;
  describe(tree, kernel, result);
  EXPECT_EQ(result.absent + result.invalid + result.failed, "");
  EXPECT_THAT(result.all(), HasSubstr(" apple:0 |Apple GPU (Venus)||0.1.0|||\n"));
  for (const char* line : {"alias apple:0 virtio5", "property apple:0 integrated=true",
                           "property apple:0 protocol=venus"}) {
    EXPECT_TRUE(result.has(line)) << line;
  }
  for (const char* name : {"card0", "renderD128"}) {
    EXPECT_TRUE(
        result.has("node 24 48[apple:0+] " + tree / "dev/dri/" + name + " /dev/dri/" + name))
        << result.all();
  }
  EXPECT_TRUE(
      result.has("link 24 48[apple:0+] "
                 "/dev/dri/by-path/platform-a003e00.virtio_mmio-render ../renderD128"));
  EXPECT_THAT(result.all(), HasSubstr("unless /usr/share/vulkan/icd.d/virtio_icd*.json,"));
  EXPECT_THAT(result.all(), HasSubstr("its Mesa may lack the Venus driver"));
  EXPECT_THAT(result.all(), Not(HasSubstr("env ")));
}

TEST(Virtio, OnPciHasItsAddressInBothOfLinuxsLayouts) {
  XPU_NEEDS_ROOT();
  const std::string pci = "/sys/devices/pci0000:00/0000:00:02.0";
  for (const bool old : {true, false}) {
    Tree tree;
    tree.cpu("0x61", "0x000");
    if (old) {
      tree.drm(pci + "/virtio0", "virtio_gpu", {{"renderD128", 128}});
    } else {
      tree.virtio(pci, 0, {{"renderD128", 128}});
    }
    FakeKernel kernel;
    kernel.nodes["renderD128"] = venus();
    Result result;
    describe(tree, kernel, result);
    EXPECT_THAT(result.all(), HasSubstr("|Apple GPU (Venus)||0.1.0|0000:00:02.0||\n")) << old;
    EXPECT_TRUE(result.has("alias apple:0 virtio0")) << old;
  }
}

TEST(Virtio, WithoutVenusIsAbsentWithTheReason) {
  XPU_NEEDS_ROOT();
  struct Case {
    std::map<std::uint64_t, std::uint64_t> answers;
    std::string reason;
  };
  for (const Case& one : {
           Case{{{abi::k3dFeatures, 0}, {abi::kContextInit, 0}, {abi::kSupportedCapsetIds, 0}},
                "its host gives it no 3D acceleration"},
           Case{{{abi::k3dFeatures, 1}, {abi::kContextInit, 1}, {abi::kSupportedCapsetIds, 6}},
                "its capability sets are 1, 2, and Venus is 4"},
           Case{{{abi::k3dFeatures, 1}, {abi::kContextInit, 1}, {abi::kSupportedCapsetIds, 0}},
                "its capability sets are none, and Venus is 4"},
           Case{{{abi::k3dFeatures, 1}, {abi::kContextInit, 0}, {abi::kSupportedCapsetIds, 16}},
                "its host offers no contexts"},
           Case{{{abi::k3dFeatures, 1}}, "the kernel is older than 5.16"},
           Case{{}, "its driver does not answer as virtio_gpu"},
       }) {
    Tree tree;
    krunkit(tree);
    FakeKernel kernel;
    kernel.nodes["renderD128"].virtio = one.answers;
    Result result;
    describe(tree, kernel, result);
    EXPECT_EQ(result.absent,
              "virtio-gpu renderD128 (virtio5) is without Venus: " + one.reason +
                  "; start the machine with libkrun: `podman machine init` with the provider "
                  "libkrun, or krunkit");
  }
}

// Whose processor, with which option, is an Apple host's.
TEST(Virtio, OfAnotherHostIsAbsentWithTheReason) {
  XPU_NEEDS_ROOT();
  struct Case {
    std::string implementer, part, option;
    bool apple;
    std::string evidence;
  };
  for (const Case& one : {
           Case{"0x61", "0x000", "auto", true, ""},
           Case{"0x61", "0x022", "auto", true, ""},
           Case{"0x00", "0x000", "auto", true, ""},  // macOS before 14
           Case{"0x00", "0x051", "auto", false, "CPU implementer 0x00"},
           Case{"0x41", "0xd0c", "auto", false, "CPU implementer 0x41"},
           Case{"0x41", "0xd0c", "yes", true, ""},
           Case{"0x61", "0x000", "no", false, ""},
           Case{"", "", "auto", false, "its processor is not an ARM one"},
           Case{"", "", "yes", true, ""},
       }) {
    Tree tree;
    krunkit(tree);
    std::filesystem::remove(tree / "proc/cpuinfo");
    if (one.implementer.empty()) {
      tree.file("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
    } else {
      tree.cpu(one.implementer, one.part);
    }
    FakeKernel kernel;
    kernel.nodes["renderD128"] = venus();
    Result result;
    describe(tree, kernel, result, {{"apple-host", one.option}});
    const std::string who = "virtio-gpu renderD128 (virtio5) is ";
    EXPECT_EQ(result.absent, one.apple ? ""
                             : one.option == "no"
                                 ? who + "left alone: the option apple-host is \"no\""
                                 : who + "not of an Apple host (" + one.evidence +
                                       "); if it is, set the option apple-host to \"yes\"");
    EXPECT_EQ(result.failed, "");
  }
}

TEST(Virtio, WithoutCpuinfoIsOfAnotherHost) {
  XPU_NEEDS_ROOT();
  Tree tree;
  krunkit(tree);
  std::filesystem::remove(tree / "proc/cpuinfo");
  FakeKernel kernel;
  kernel.nodes["renderD128"] = venus();
  Result result;
  describe(tree, kernel, result);
  EXPECT_THAT(result.absent, HasSubstr("(its processor is not an ARM one)"));
}

TEST(Virtio, ThatCannotBeAskedFailsOnAnAppleHostOnly) {
  XPU_NEEDS_ROOT();
  Tree tree;
  krunkit(tree);
  FakeKernel kernel;
  kernel.nodes["renderD128"].open_error = EACCES;
  Result result;
  describe(tree, kernel, result);
  EXPECT_EQ(result.failed, "virtio-gpu renderD128 (virtio5) cannot be asked what it offers: " +
                               tree / "dev/dri/renderD128" +
                               " cannot be opened: Permission denied");
  Result other;
  describe(tree, kernel, other, {{"apple-host", "no"}});
  EXPECT_THAT(other.absent, HasSubstr("is left alone"));

  std::filesystem::remove(tree / "dev/dri/renderD128");
  Result missing;
  describe(tree, kernel, missing);
  EXPECT_THAT(missing.failed, HasSubstr("/dev/dri/renderD128 does not exist or is no device"));
}

TEST(Virtio, ManyAreOrderedByNumberAndTheOthersSaidWhy) {
  XPU_NEEDS_ROOT();
  Tree tree;
  tree.cpu("0x61", "0x000");
  tree.virtio("/sys/devices/platform/c.virtio_mmio", 3, {{"renderD1000", 1000}});
  tree.virtio("/sys/devices/platform/a.virtio_mmio", 1, {{"renderD129", 129}});
  tree.virtio("/sys/devices/platform/b.virtio_mmio", 2, {{"renderD130", 130}});
  FakeKernel kernel;
  kernel.nodes["renderD129"] = kernel.nodes["renderD1000"] = venus();
  kernel.nodes["renderD130"].virtio = {{abi::k3dFeatures, 0}};
  Result result;
  describe(tree, kernel, result);
  EXPECT_TRUE(result.has("alias apple:0 virtio1")) << result.all();
  EXPECT_TRUE(result.has("alias apple:1 virtio3"));
  EXPECT_THAT(result.all(), HasSubstr("log 1 virtio-gpu renderD130 (virtio2) is without "
                                      "Venus: its host gives it no 3D acceleration"));
  EXPECT_THAT(result.all(), Not(HasSubstr("apple:2")));
}

TEST(Virtio, NothingOfOtherVendorsIsOpened) {
  XPU_NEEDS_ROOT();
  Tree tree;
  tree.drm("/sys/devices/pci0000:00/0000:01:00.0", "other", {{"renderD128", 128}});
  tree.file("/sys/class/drm/version", "drm 1.1.0 20060810\n");
  tree.link("/sys/class/drm/renderD200", "/nowhere");
  FakeKernel kernel;
  Result result;
  describe(tree, kernel, result);
  EXPECT_EQ(result.absent, "no render node of " + tree / "sys/class/drm" +
                               " is of a virtio-gpu or of the asahi driver");
  EXPECT_EQ(kernel.opened, std::set<std::string>{});
}

TEST(Options, AreChecked) {
  Tree tree;
  FakeKernel kernel;
  const std::map<std::string, std::pair<std::string, std::string>> wrong = {
      {"apple-host", {"maybe", "option apple-host is \"maybe\"; it can be auto, yes or no"}},
      {"dev-root", {"dev", "option dev-root is \"dev\", which is no absolute path"}},
      {"sys-root", {"", "option sys-root is \"\", which is no absolute path"}},
      {"vulkan-icd",
       {"/a:b", "option vulkan-icd is \"/a:b\"; it takes absolute paths separated by ':'"}}};
  for (const auto& [name, value] : wrong) {
    Result result;
    describe(tree, kernel, result, {{name, value.first}});
    EXPECT_EQ(result.invalid, value.second);
  }
  Result trailing;
  describe(tree, kernel, trailing, {{"vulkan-icd", "/a:"}});
  EXPECT_THAT(trailing.invalid, HasSubstr("vulkan-icd"));
}

TEST(Options, VulkanIcdBecomesTheLoadersVariables) {
  XPU_NEEDS_ROOT();
  Tree tree;
  krunkit(tree);
  FakeKernel kernel;
  kernel.nodes["renderD128"] = venus();
  Result result;
  describe(tree, kernel, result, {{"vulkan-icd", "/opt/a.json:/opt/b.json"}});
  EXPECT_TRUE(result.has("env 24 48[apple:0+] VK_DRIVER_FILES=/opt/a.json:/opt/b.json"))
      << result.all();
  EXPECT_TRUE(result.has("env 24 48[apple:0+] VK_ICD_FILENAMES=/opt/a.json:/opt/b.json"));
  EXPECT_THAT(result.all(), Not(HasSubstr("note ")));
}

// The library itself, with the kernel's own calls on a node that is no DRM device.
TEST(Library, AsksTheKernel) {
  XPU_NEEDS_ROOT();
  void* library = dlopen(XPU_APPLE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto entry =
      reinterpret_cast<xpu_backend_entry_fn>(dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
  ASSERT_NE(entry, nullptr);
  Tree tree;
  krunkit(tree);
  std::filesystem::remove(tree / "dev/dri/renderD128");
  std::filesystem::remove(tree / (std::string(kMmio).substr(1) + "/drm/renderD128/dev"));
  tree.node("/dev/dri/renderD128", 1, 3);
  sdk::test::FakeHost host;
  host.options = {{"apple-host", "auto"},
                  {"vulkan-icd", ""},
                  {"dev-root", tree.path()},
                  {"sys-root", tree.path()}};
  EXPECT_EQ(host.describe(entry), XPU_ABSENT);
  ASSERT_EQ(host.errors.size(), 1u);
  EXPECT_THAT(host.errors[0], HasSubstr("its driver does not answer as virtio_gpu"));
}

}  // namespace
}  // namespace xpu::apple::test
