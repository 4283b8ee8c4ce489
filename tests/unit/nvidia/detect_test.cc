// SPDX-License-Identifier: Apache-2.0
// Which GPUs are found, and what is said where some part of the driver is missing.
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/nvidia/recorder.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class Detect : public testing::Test {
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

  std::string nvml() const {
    return folder_ / "usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.550.163.01";
  }

  // Further lines about the last GPU of the fake NVML.
  void tell_nvml(const std::string& text) const {
    std::ofstream(folder_ / "usr/lib/x86_64-linux-gnu/nvidia/current/fake-nvml.conf", std::ios::app)
        << text;
  }

  static void rewrite(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::trunc) << text;
  }

  Folder folder_;
  fakes::TreeOptions options_;
};

TEST_F(Detect, EverythingThatNvmlSays) {
  options_.gpus = 4;
  options_.name = "NVIDIA GeForce RTX 4090";
  options_.memory = "25757220864";
  options_.capability = "8.9";
  Description found = build_and_describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  ASSERT_EQ(found.devices.size(), 4u);
  const Device& gpu = found.devices.at("3");
  EXPECT_EQ(gpu.kind, XPU_KIND_GPU);
  EXPECT_EQ(gpu.flags, 0u) << gpu.reason;
  EXPECT_EQ(gpu.name, "NVIDIA GeForce RTX 4090");
  EXPECT_EQ(gpu.uuid, "GPU-5eed0000-0000-4000-8000-000000000003");
  EXPECT_EQ(gpu.memory_bytes, 25757220864u);
  EXPECT_EQ(gpu.architecture, "8.9");
  EXPECT_EQ(gpu.driver, "550.163.01");
  EXPECT_EQ(gpu.pci, "0000:c1:00.0");
  EXPECT_EQ(gpu.numa_node, 1);
  EXPECT_TRUE(gpu.aliases.empty()) << "the host itself knows all spellings of an address";
  EXPECT_THAT(gpu.properties, ElementsAre(Pair("arch", "8.9"), Pair("brand", "nvidia")));
  EXPECT_THAT(found.properties, ElementsAre(Pair("cuda", "12.4"), Pair("driver", "550.163.01"),
                                            Pair("source", "nvml")));
  EXPECT_THAT(found.capabilities,
              ElementsAre("compute", "utility", "graphics", "video", "display", "ngx", "compat32",
                          "jetpack-all", "gds", "nvswitch", "imex"));
  EXPECT_THAT(found.log, IsEmpty());
  EXPECT_FALSE(found.conditions.count("seconds 600")) << "no GPU of this host can be partitioned";
}

// As NVIDIA_REQUIRE_CUDA of CUDA's images spells them, in the order of NVML's numbers.
TEST_F(Detect, BrandsAreCalledAsImagesCallThem) {
  const std::vector<std::string> brands = {
      "unknown",   "quadro",    "tesla",  "nvs",        "grid",     "geforce",
      "titan",     "vapps",     "vpc",    "vcs",        "vws",      "cloudgaming",
      "quadrortx", "nvidiartx", "nvidia", "geforcertx", "titanrtx", "unknown"};
  make_driver_tree(options_);
  std::string machine = "driver 550.163.01\ncuda 12040\ninit 0\n";
  for (unsigned brand = 1; brand < 16; ++brand) {
    machine += "gpu 00000000:" + std::to_string(brand + 10) + ":00.0\nbrand " +
               std::to_string(brand) + "\n";
  }
  rewrite(folder_ / "usr/lib/x86_64-linux-gnu/nvidia/current/fake-nvml.conf", machine);
  Description found = describe(below(folder_.path()));
  ASSERT_EQ(found.devices.size(), 15u);
  for (unsigned brand = 1; brand < 16; ++brand) {
    EXPECT_EQ(found.devices.at(std::to_string(brand - 1)).properties.at("brand"), brands[brand]);
  }
  for (unsigned brand : {0u, 16u, 17u}) {
    rewrite(folder_ / "usr/lib/x86_64-linux-gnu/nvidia/current/fake-nvml.conf",
            "driver 550.163.01\ngpu 00000000:11:00.0\nbrand " + std::to_string(brand) + "\n");
    EXPECT_EQ(describe(below(folder_.path())).devices.at("0").properties.at("brand"),
              brands[brand]);
  }
}

TEST_F(Detect, AnNvmlThatCanOnlyCountIsFilledInFromProcfs) {
  options_.gpus = 2;
  options_.nvml = "minimal";
  Description found = build_and_describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  ASSERT_EQ(found.devices.size(), 2u);
  const Device& gpu = found.devices.at("1");
  EXPECT_EQ(gpu.flags, 0u) << gpu.reason;
  EXPECT_EQ(gpu.uuid, "GPU-5eed0000-0000-4000-8000-000000000001");
  EXPECT_EQ(gpu.name, "NVIDIA A100-SXM4-40GB");
  EXPECT_EQ(gpu.pci, "0000:41:00.0");
  EXPECT_EQ(gpu.driver, "550.163.01");
  EXPECT_EQ(gpu.memory_bytes, 0u);
  EXPECT_EQ(gpu.architecture, "");
  EXPECT_EQ(found.properties.at("source"), "nvml");
  EXPECT_THAT(found.nodes["1/"], ElementsAre(folder_ / "dev/nvidia1" + " = /dev/nvidia1"));
}

TEST_F(Detect, WithoutNvmlProcfsIsEnough) {
  options_.gpus = 2;
  options_.nvml = "none";
  Description found = build_and_describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  const Device& gpu = found.devices.at("1");
  EXPECT_EQ(gpu.flags, 0u) << gpu.reason;
  EXPECT_EQ(gpu.name, "NVIDIA A100-SXM4-40GB");
  EXPECT_EQ(gpu.uuid, "GPU-5eed0000-0000-4000-8000-000000000001");
  EXPECT_EQ(gpu.pci, "0000:41:00.0");
  EXPECT_EQ(gpu.numa_node, 1);
  EXPECT_EQ(gpu.driver, "550.163.01");
  EXPECT_EQ(found.properties.at("source"), "procfs");
  EXPECT_THAT(found.log, ElementsAre("NVML does not answer (libnvidia-ml.so.1 is not below " +
                                     folder_.path().string() +
                                     "): memory, compute capability and MIG are not known"));
  EXPECT_TRUE(found.conditions.count("seconds 30"));
}

TEST_F(Detect, ALibraryWithoutFunctionsIsNoNvml) {
  options_.nvml = "stub";
  Description found = build_and_describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.properties.at("source"), "procfs");
  EXPECT_THAT(found.log, ElementsAre(HasSubstr(nvml() + " lacks the functions that count GPUs")));
}

TEST_F(Detect, ALibraryThatCannotBeLoadedIsNoNvml) {
  make_driver_tree(options_);
  std::filesystem::resize_file(nvml(), 64);
  Description found = describe(below(folder_.path()));
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.properties.at("source"), "procfs");
  EXPECT_THAT(found.log, ElementsAre(HasSubstr(nvml())));
}

TEST_F(Detect, AGpuThatNothingHasUsedYetHasNoUuidInProcfs) {
  options_.nvml = "none";
  make_driver_tree(options_);
  rewrite(folder_ / "proc/driver/nvidia/gpus/0000:01:00.0/information",
          "Model: \t\t Unknown\nIRQ:   \t\t 175\n"
          "GPU UUID: \t GPU-????????"
          "-????"
          "-????"
          "-????"
          "-????????????\nDevice Minor: \t 0\n");
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.devices.at("0").uuid, "");
  EXPECT_EQ(found.devices.at("0").flags, 0u) << found.devices.at("0").reason;
}

TEST_F(Detect, AnNvmlOfAnotherVersionIsTheReason) {
  options_.kernel_version = "550.90.07";
  options_.nvml_init = 18;
  Description found = build_and_describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  const Device& gpu = found.devices.at("0");
  EXPECT_EQ(gpu.flags, XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(gpu.reason, nvml() +
                            ": Driver/library version mismatch: the kernel module is 550.90.07; "
                            "reload the module or restart the machine");
  EXPECT_EQ(gpu.driver, "550.90.07");
  for (const auto& [scope, files] : found.files) {
    for (const File& file : files) {
      EXPECT_EQ(file.host_path.find("550.163.01"), std::string::npos) << file.host_path;
    }
  }
}

TEST_F(Detect, OfSeveralNvmlTheKernelsVersionIsAsked) {
  options_.layout = "ubuntu";
  options_.other_versions = {"570.86.15"};
  Description found = build_and_describe();
  ASSERT_EQ(std::filesystem::read_symlink(folder_ / "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1"),
            "libnvidia-ml.so.570.86.15");
  EXPECT_EQ(found.properties.at("source"), "nvml");
  EXPECT_EQ(found.devices.at("0").flags, 0u) << found.devices.at("0").reason;
}

TEST_F(Detect, DriverFilesThatAreElsewhereAreTheReason) {
  make_driver_tree(options_);
  Folder empty;
  Options options = below(folder_.path());
  options.driver_root = empty.path().string();
  Description found = describe(options);
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").reason, "no driver library of version 550.163.01 is below " +
                                              empty.path().string() +
                                              "; set driver-root where the driver is");
}

TEST_F(Detect, ALostGpuDoesNotHideTheOthers) {
  options_.gpus = 2;
  make_driver_tree(options_);
  tell_nvml("lost\n");
  Description found = describe(below(folder_.path()));
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").flags, 0u);
  EXPECT_EQ(found.devices.at("1").flags, XPU_DEVICE_UNAVAILABLE);
  EXPECT_EQ(found.devices.at("1").reason, "NVML cannot open GPU 1: GPU is lost");
}

TEST_F(Detect, TheOpenModuleNamesItsVersionElsewhere) {
  make_driver_tree(options_);
  rewrite(folder_ / "proc/driver/nvidia/version",
          "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.163.01  Release Build  "
          "(dvs-builder@U22-A23-12-4)  Tue Apr  8 12:41:17 UTC 2025\n"
          "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n");
  EXPECT_EQ(describe(below(folder_.path())).devices.at("0").driver, "550.163.01");
}

TEST_F(Detect, NvmlAloneIsEnough) {
  Folder elsewhere;
  make_driver_tree(options_);
  Options options = below(folder_.path());
  options.sys_root = elsewhere.path().string();
  Description found = describe(options);
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").driver, "550.163.01");
  EXPECT_EQ(found.devices.at("0").flags, 0u) << found.devices.at("0").reason;
}

void expect_watched_while_absent(const Description& found, const Folder& folder) {
  EXPECT_TRUE(found.conditions.count("content " + (folder / "proc/driver/nvidia/version")));
  EXPECT_TRUE(found.conditions.count("listing " + (folder / "proc/driver/nvidia/gpus")));
  EXPECT_TRUE(found.conditions.count("stat " + (folder / "etc/ld.so.cache")));
  EXPECT_THAT(found.devices, IsEmpty());
}

TEST_F(Detect, ADriverThatIsNotLoadedIsAbsent) {
  options_.loaded = false;
  options_.nvml_init = 9;
  Description found = build_and_describe();
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error, "the NVIDIA driver is not loaded: " +
                             (folder_ / "proc/driver/nvidia/version") + " does not exist");
  expect_watched_while_absent(found, folder_);
}

TEST_F(Detect, AGpuWithAnotherDriverIsNamed) {
  const std::string device = folder_ / "sys/bus/pci/devices/0000:65:00.0";
  rewrite(device + "/vendor", "0x10de\n");
  rewrite(device + "/device", "0x2684\n");
  rewrite(device + "/class", "0x030000\n");
  Description unbound = describe(below(folder_.path()));
  EXPECT_EQ(unbound.status, XPU_ABSENT);
  EXPECT_THAT(unbound.error, HasSubstr("; the GPU at 0000:65:00.0 is bound to no driver"));
  std::filesystem::create_symlink("../../../bus/pci/drivers/nouveau", device + "/driver");
  EXPECT_THAT(describe(below(folder_.path())).error,
              HasSubstr("; the GPU at 0000:65:00.0 is bound to driver nouveau"));
  expect_watched_while_absent(unbound, folder_);
}

TEST_F(Detect, ADriverWithoutAGpuIsAbsent) {
  options_.gpus = 0;
  Description found = build_and_describe();
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error, "the NVIDIA driver 550.163.01 is loaded but has no GPU");
  expect_watched_while_absent(found, folder_);
}

TEST_F(Detect, AVersionThatCannotBeReadIsAFailure) {
  make_driver_tree(options_);
  rewrite(folder_ / "proc/driver/nvidia/version", "something else\n");
  Description found = describe(below(folder_.path()));
  EXPECT_EQ(found.status, XPU_FAILED);
  EXPECT_EQ(found.error, (folder_ / "proc/driver/nvidia/version") + " names no driver version");
}

TEST_F(Detect, AnNvmlThatFailsWithoutSayingWhyIsAFailure) {
  options_.loaded = false;
  options_.nvml_init = 999;
  Description found = build_and_describe();
  EXPECT_EQ(found.status, XPU_FAILED);
  EXPECT_EQ(found.error, nvml() + ": Unknown Error");
}

TEST_F(Detect, ARootMustBeAbsolute) {
  Options options = below(folder_.path());
  options.dev_root = "dev";
  Description found = describe(options);
  EXPECT_EQ(found.status, XPU_INVALID);
  EXPECT_EQ(found.error, "option dev-root is \"dev\", which is no absolute path");
}

TEST_F(Detect, LinksBetweenGpus) {
  options_.gpus = 4;
  make_driver_tree(options_);
  // Lines belong to the last GPU: 3 has two links to 0 and one to a switch.
  tell_nvml(
      "link 0 00000000:01:00.0\nlink 1 00000000:01:00.0\nlink 2 00000000:FF:00.0\n"
      "ancestor 0 1 10\nancestor 0 2 50\nancestor 0 3 50\nancestor 1 3 30\n");
  Description found = describe(below(folder_.path()));
  EXPECT_THAT(found.interconnects,
              ElementsAre("0 1 pcie 50", "0 2 pcie 10", "0 3 nvlink 200", "1 3 pcie 30"));
}

TEST_F(Detect, NvlinkIsCountedDirectlyAndThroughSwitches) {
  options_.gpus = 0;
  make_driver_tree(options_);
  std::string text;
  for (const char* bus : {"01", "41", "81"}) {
    text += "gpu 00000000:" + std::string(bus) + ":00.0\nuuid GPU-" + bus + "\nname X\n";
    if (std::string(bus) == "01") {
      text += "link 0 00000000:41:00.0\nlink 1 00000000:41:00.0\n";
    } else if (std::string(bus) == "41") {
      text += "link 0 00000000:01:00.0\nlink 1 00000000:01:00.0\nlink 4 00000000:FF:00.0\n";
    } else {
      text += "link 0 00000000:FF:00.0\nlink 1 00000000:FE:00.0\n";
    }
  }
  tell_nvml(text);
  Description found = describe(below(folder_.path()));
  EXPECT_THAT(found.interconnects, ElementsAre("0 1 nvlink 200", "1 2 nvlink 100"));
}

}  // namespace
}  // namespace xpu::test
