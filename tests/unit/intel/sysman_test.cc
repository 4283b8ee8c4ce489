// SPDX-License-Identifier: Apache-2.0
// What Level Zero Sysman says, and what is said where it does not answer.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/intel/describe.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SysmanTest : public testing::Test {
 protected:
  void SetUp() override { XPU_NEEDS_ROOT(); }

  // A host with one GPU of which the library says `words`.
  Description say(const std::string& words, const std::string& variant = "full") {
    machine_.tree.level_zero(variant, words);
    return machine_.describe();
  }

  std::string library() const {
    return machine_.folder.at("/usr/lib/x86_64-linux-gnu/libze_loader.so.1");
  }

  // The reason that the log gives for describing from sysfs.
  static std::string reason(const Description& found) {
    EXPECT_EQ(found.status, XPU_OK) << found.error;
    EXPECT_EQ(found.properties.at("source"), "sysfs");
    EXPECT_EQ(found.devices.size(), 1u);
    return found.log.empty() ? "" : found.log.front();
  }

  struct OneGpu : Machine {
    OneGpu() : Machine("") {
      tree.pci("0000:03:00.0", 0x8086, 0x56a0, 0x030000, "i915");
      tree.drm("0000:03:00.0", 0);
    }
  };
  OneGpu machine_;
};

TEST_F(SysmanTest, NamesTheModelWhereTheDeviceHasNoName) {
  EXPECT_EQ(say("device 0000:03:00.0\nmodel Intel(R) Arc(TM) A770\n").devices.at("intel:0").name,
            "Intel(R) Arc(TM) A770");
}

TEST_F(SysmanTest, ADeviceWithoutAnyNameGoesByItsNumbers) {
  EXPECT_EQ(say("device 0000:03:00.0\n").devices.at("intel:0").name, "Intel GPU 8086:56a0");
}

TEST_F(SysmanTest, ComputeUnitsAreXeCores) {
  const Description found = say("device 0000:03:00.0\ncores 8 4\n");
  EXPECT_EQ(found.devices.at("intel:0").properties.at("compute-units"), "32");
  EXPECT_EQ(say("device 0000:03:00.0\n").devices.at("intel:0").properties.count("compute-units"),
            0u);
}

TEST_F(SysmanTest, AFlagThatIsNotSetMeansLittle) {
  const auto integrated = [&](const std::string& words) {
    return say("device 0000:03:00.0\n" + words).devices.at("intel:0").properties.at("integrated");
  };
  EXPECT_EQ(integrated(""), "false");
  EXPECT_EQ(integrated("integrated\n"), "true");
  machine_.tree.attribute("0000:03:00.0", "device", "0x7d55\n");
  EXPECT_EQ(integrated(""), "true") << "the device's id says so";
  machine_.tree.attribute("0000:03:00.0", "device", "0xffff\n");
  EXPECT_EQ(integrated(""), "false");
}

TEST_F(SysmanTest, MemoryThatHasNoPhysicalSizeHasThatOfItsState) {
  const Description found = say("device 0000:03:00.0\nmemory ~1000 1\nmemory 234 1\nsystem 9\n");
  EXPECT_EQ(found.devices.at("intel:0").memory_bytes, 1234u);
}

TEST_F(SysmanTest, HealthIsTheWorstOfItsParts) {
  const std::string device = "device 0000:03:00.0\n";
  const auto health = [&](const std::string& words) {
    return say(device + words).devices.at("intel:0").properties.at("health");
  };
  EXPECT_EQ(health("memory 1 1\n"), "ok");
  EXPECT_EQ(health("memory 1 0\n"), "ok") << "0: unknown";
  EXPECT_EQ(health("memory 1 2\n"), "degraded");
  EXPECT_EQ(health("memory 1 3\n"), "degraded");
  EXPECT_EQ(health("memory 1 4\nmemory 1 2\n"), "failed");
  EXPECT_EQ(health("reset 2\n"), "degraded");
}

TEST_F(SysmanTest, ADeviceThatHangsIsNotAvailable) {
  const Description found = say("device 0000:03:00.0\nreset 1\n");
  const Device& gpu = found.devices.at("intel:0");
  EXPECT_EQ(gpu.flags, XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(gpu.reason, "the device hangs and must be reset");
  EXPECT_EQ(gpu.properties.at("health"), "failed");
  EXPECT_EQ(found.conditions.count("seconds 600"), 1u) << "it may have been reset";
}

TEST_F(SysmanTest, UuidsThatAreNoneOrNotUniqueAreLeftOut) {
  machine_.tree.pci("0000:04:00.0", 0x8086, 0x56a0, 0x030000, "i915");
  machine_.tree.drm("0000:04:00.0", 1);
  const std::string both = "\nuuid 868056a0000000000000000000000001\n";
  Description found = say("device 0000:03:00.0" + both + "device 0000:04:00.0" + both);
  EXPECT_EQ(found.devices.at("intel:0").uuid, "868056a0-0000-0000-0000-000000000001");
  EXPECT_EQ(found.devices.at("intel:1").uuid, "");
  found = say("device 0000:03:00.0\ndevice 0000:04:00.0\nuuid 00000000000000000000000000000000\n");
  EXPECT_EQ(found.devices.at("intel:0").uuid, "");
  EXPECT_EQ(found.devices.at("intel:1").uuid, "");
}

TEST_F(SysmanTest, DevicesThatTheKernelDoesNotShowAreNotAdded) {
  const Description found = say("device 0000:03:00.0\ndevice 0000:99:00.0\n");
  EXPECT_THAT(found.ids(), ElementsAre("intel:0"));
}

TEST_F(SysmanTest, ADeviceItIsMuteAboutIsDescribedFromSysfs) {
  machine_.tree.pci("0000:04:00.0", 0x8086, 0x56a1, 0x030000, "i915");
  machine_.tree.drm("0000:04:00.0", 1);
  const Description found = say("device 0000:03:00.0\nname One\ndevice 0000:04:00.0\nmute\n");
  EXPECT_EQ(found.devices.at("intel:0").name, "One");
  EXPECT_EQ(found.devices.at("intel:1").name, "Intel GPU 8086:56a1");
  EXPECT_EQ(found.devices.at("intel:1").properties.at("source"), "sysfs");
}

TEST_F(SysmanTest, ALoaderThatIsTooOld) {
  EXPECT_THAT(reason(say("device 0000:03:00.0\nname One\n", "old")),
              HasSubstr("(" + library() + " is too old: it has no zesInit)"));
}

TEST_F(SysmanTest, ALoaderWithoutADriver) {
  const Description found = say("");
  EXPECT_THAT(reason(found),
              HasSubstr("(" + library() + ": it finds no driver (libze_intel_gpu.so.1))"));
  EXPECT_EQ(found.conditions.count("seconds 600"), 0u) << "nothing changes until it is installed";
  EXPECT_EQ(found.conditions.count("stat " + machine_.folder.at("/etc/ld.so.cache")), 1u);
}

TEST_F(SysmanTest, ALoaderThatFails) {
  const struct {
    const char *init, *words;
  } cases[] = {{"70020000", "a library that it needs is missing"},
               {"70010000", "permission denied"},
               {"70000001", "a device is lost"},
               {"78000003", "its driver has no Sysman"},
               {"7ffffffe", "result 0x7ffffffe"}};
  for (const auto& one : cases) {
    const Description found = say(std::string("init ") + one.init + "\n");
    EXPECT_THAT(reason(found), HasSubstr(std::string(": ") + one.words + ")"));
    EXPECT_EQ(found.conditions.count("seconds 600"), 1u) << "it is asked again";
  }
}

TEST_F(SysmanTest, ALoaderWithADriverButNoDevice) {
  EXPECT_THAT(reason(say("init 0\n")), HasSubstr(": it finds no device)"));
}

TEST_F(SysmanTest, AFileThatIsNoLibrary) {
  machine_.tree.file("/usr/lib/x86_64-linux-gnu/libze_loader.so.1", "no library");
  EXPECT_THAT(reason(machine_.describe()), HasSubstr(library() + ": "));
}

TEST_F(SysmanTest, IsFoundInOtherFoldersToo) {
  machine_.tree.level_zero("full", "");
  std::filesystem::create_directories(machine_.folder.at("/usr/lib64"));
  std::filesystem::rename(library(), machine_.folder.at("/usr/lib64/libze_loader.so.1"));
  machine_.tree.file("/usr/lib64/fake-ze.conf", "device 0000:03:00.0\nname One\n");
  EXPECT_EQ(machine_.describe().devices.at("intel:0").name, "One");
}

#ifdef XPU_LEVEL_ZERO_LIBRARY
// The vendor's own loader, on a machine without a driver for it. Debian 12's is older than zesInit.
TEST_F(SysmanTest, TheRealLoaderWithoutADriver) {
  std::filesystem::create_directories(machine_.folder.at("/usr/lib/x86_64-linux-gnu"));
  std::filesystem::copy_file(XPU_LEVEL_ZERO_LIBRARY, library());
  EXPECT_THAT(reason(machine_.describe()),
              testing::AnyOf(HasSubstr(" is too old: it has no zesInit)"),
                             HasSubstr(": it finds no driver (libze_intel_gpu.so.1))"),
                             HasSubstr(": it finds no device)")));
}
#endif

}  // namespace
}  // namespace xpu::test
