// SPDX-License-Identifier: Apache-2.0
// Nodes that nobody made after boot. What nvidia-modprobe and modprobe do is seen by the
// integration tests: they act on the host's own /dev and kernel.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/nvidia/recorder.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class MissingNodesTest : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_TREE();
    options_.listing = listing(kDriver550);
    options_.root = folder_.path();
    options_.kernel_numbers = true;
    options_.gpus = 2;
  }

  void build() {
    make_driver_tree(options_);
    for (const char* module : {"nvidia", "nvidia_uvm", "nvidia_modeset"}) {
      std::filesystem::create_directories(folder_.path() / "sys/module" / module);
    }
    std::filesystem::remove_all(folder_ / "dev");
  }

  void params(const std::string& text) const {
    std::ofstream(folder_ / "proc/driver/nvidia/params", std::ios::trunc) << text;
  }

  Description describe_making(const std::string& make_nodes = "true") const {
    Options options = below(folder_.path());
    options.others["make-nodes"] = make_nodes;
    return describe(options);
  }

  // "MAJOR:MINOR MODE UID:GID", "" when nothing is there.
  std::string node(const std::string& path) const {
    struct stat info {};
    if (lstat((folder_ / path).c_str(), &info) != 0) {
      return "";
    }
    EXPECT_TRUE(S_ISCHR(info.st_mode)) << path;
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777U);
    return std::to_string(gnu_dev_major(info.st_rdev)) + ":" +
           std::to_string(gnu_dev_minor(info.st_rdev)) + " " + mode + " " +
           std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid);
  }

  Folder folder_;
  fakes::TreeOptions options_;
};

TEST_F(MissingNodesTest, AreMadeFromWhatTheKernelSays) {
  build();
  Description found = describe_making();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").flags, 0u) << found.devices.at("0").reason;
  EXPECT_EQ(found.devices.at("1").flags, 0u) << found.devices.at("1").reason;
  EXPECT_EQ(node("dev/nvidiactl"), "195:255 0666 0:0");
  EXPECT_EQ(node("dev/nvidia0"), "195:0 0666 0:0");
  EXPECT_EQ(node("dev/nvidia1"), "195:1 0666 0:0");
  EXPECT_EQ(node("dev/nvidia-uvm"), "510:0 0666 0:0");
  EXPECT_EQ(node("dev/nvidia-uvm-tools"), "510:1 0666 0:0");
  EXPECT_EQ(node("dev/nvidia-modeset"), "195:254 0666 0:0");
  EXPECT_THAT(found.log, Contains("made the missing device node " + (folder_ / "dev/nvidiactl")));
  EXPECT_THAT(describe_making().log, Each(Not(StartsWith("made")))) << "the second time";
}

TEST_F(MissingNodesTest, OfPartitionsAreMadeWithTheModeTheModuleWants) {
  options_.mig = {{1, 1}};
  build();
  const std::string mig = folder_ / "proc/driver/nvidia/capabilities/mig/";
  std::filesystem::create_directories(mig);
  std::ofstream(mig + "config") << "DeviceFileMinor: 1\nDeviceFileMode: 256\nDeviceFileModify: 1\n";
  std::ofstream(mig + "monitor")
      << "DeviceFileMinor: 2\nDeviceFileMode: 292\nDeviceFileModify: 0\n";
  Description found = describe_making();
  EXPECT_EQ(found.devices.at("1:0").flags, 0u) << found.devices.at("1:0").reason;
  EXPECT_EQ(node("dev/nvidia-caps/nvidia-cap1"), "511:1 0400 0:0");
  EXPECT_EQ(node("dev/nvidia-caps/nvidia-cap2"), "") << "the module says not to";
  EXPECT_EQ(node("dev/nvidia-caps/nvidia-cap201"), "511:201 0444 0:0");
  EXPECT_EQ(node("dev/nvidia-caps/nvidia-cap202"), "511:202 0444 0:0");
  EXPECT_THAT(found.capabilities, Contains("mig-config"));
}

TEST_F(MissingNodesTest, HaveModeAndOwnerOfTheModulesParameters) {
  build();
  params(
      "ResmanDebugLevel: 4294967295\nModifyDeviceFiles: 1\nDeviceFileUID: 3\n"
      "DeviceFileGID: 44\nDeviceFileMode: 432\nRegistryDwords: \"\"\n");
  describe_making();
  EXPECT_EQ(node("dev/nvidiactl"), "195:255 0660 3:44");
  EXPECT_EQ(node("dev/nvidia1"), "195:1 0660 3:44");
}

TEST_F(MissingNodesTest, AreLeftToOthersWhereTheModuleSaysSo) {
  build();
  params("ModifyDeviceFiles: 0\nDeviceFileMode: 438\n");
  Description found = describe_making();
  EXPECT_EQ(node("dev/nvidiactl"), "");
  EXPECT_EQ(found.devices.at("0").reason,
            (folder_ / "dev/nvidiactl") +
                " does not exist or is no device; nvidia-modprobe -c 255 makes it");
}

TEST_F(MissingNodesTest, AreNotMadeBelowAnotherRootUnlessToldTo) {
  build();
  for (const char* choice : {"auto", "false"}) {
    Description found = describe_making(choice);
    EXPECT_EQ(found.devices.at("0").flags, XPU_DEVICE_UNAVAILABLE) << choice;
    EXPECT_EQ(node("dev/nvidiactl"), "") << choice;
  }
}

TEST_F(MissingNodesTest, OfAModuleThatIsNotLoadedAreNotMade) {
  build();
  std::filesystem::remove(folder_ / "sys/module/nvidia_uvm");
  std::ofstream(folder_ / "proc/devices", std::ios::trunc)
      << "Character devices:\n195 nvidia\n195 nvidiactl\n\nBlock devices:\n";
  std::filesystem::remove(folder_ / "sys/module/nvidia_modeset");
  Description found = describe_making();
  EXPECT_EQ(node("dev/nvidia0"), "195:0 0666 0:0");
  EXPECT_EQ(node("dev/nvidia-uvm"), "");
  EXPECT_EQ(node("dev/nvidia-modeset"), "");
  EXPECT_EQ(found.devices.at("0").reason,
            (folder_ / "dev/nvidia-uvm") +
                " does not exist or is no device; nvidia-modprobe -u -c 0 makes it");
}

TEST_F(MissingNodesTest, ThatCannotBeMadeAreInTheLog) {
  build();
  std::filesystem::remove_all(folder_ / "dev");
  std::ofstream(folder_ / "dev") << "no folder";
  Description found = describe_making();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(found.log, Contains("cannot create the device node " + (folder_ / "dev/nvidiactl") +
                                  ": Not a directory"));
}

TEST_F(MissingNodesTest, WhatIsThereStaysWhateverItIs) {
  build();
  std::filesystem::create_directory(folder_ / "dev");
  std::ofstream(folder_ / "dev/nvidia0") << "a file";
  ASSERT_EQ(mknod((folder_ / "dev/nvidia1").c_str(), S_IFCHR | 0600, makedev(8, 1)), 0);
  Description found = describe_making();
  EXPECT_TRUE(std::filesystem::is_regular_file(folder_ / "dev/nvidia0"));
  EXPECT_EQ(node("dev/nvidia1"), "8:1 0600 0:0");
  EXPECT_THAT(found.devices.at("1").reason, HasSubstr("8:1 and should be 195:1: remove it"));
}

TEST_F(MissingNodesTest, AProgramThatOthersMayChangeIsNotRun) {
  if (std::filesystem::exists("/proc/driver/nvidia/version")) {
    GTEST_SKIP() << "this host has a driver of its own";
  }
  const std::string program = folder_ / "usr/bin/nvidia-modprobe";
  std::filesystem::create_directories(folder_ / "usr/bin");
  std::ofstream(program) << "#!/bin/sh\n";
  Options options;
  options.driver_root = folder_.path();
  const std::string message =
      program + " is not run: others than root may change it; chown root and chmod go-w it";
  chmod(program.c_str(), 0775);
  EXPECT_THAT(describe(options).log, Contains(message));
  chmod(program.c_str(), 0755);
  EXPECT_THAT(describe(options).log, Not(Contains(message)));
  ASSERT_EQ(chown(program.c_str(), 1000, 0), 0);
  EXPECT_THAT(describe(options).log, Contains(message));
}

TEST_F(MissingNodesTest, OptionsSayWhatTheyMayBe) {
  build();
  Description found = describe_making("yes");
  EXPECT_EQ(found.status, XPU_INVALID);
  EXPECT_EQ(found.error, "option make-nodes is \"yes\" and may be auto, true or false");
  Options options = below(folder_.path());
  options.others["load-modules"] = "auto";
  found = describe(options);
  EXPECT_EQ(found.status, XPU_INVALID);
  EXPECT_EQ(found.error, "option load-modules is \"auto\" and may be true or false");
}

}  // namespace
}  // namespace xpu::test
