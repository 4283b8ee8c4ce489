// SPDX-License-Identifier: Apache-2.0
// WSL2: the files of the driver of Windows, one node for all GPUs.
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>

#include "tests/unit/nvidia/host.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string kLib = "/usr/lib/wsl/lib/";
const std::string kStore = "/usr/lib/wsl/drivers/nv_dispi.inf_amd64_0123456789abcdef/";

class Wsl : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_MKNOD();
    host_.node("/dev/dxg");
    host_.library(kLib + "libdxcore.so", "libdxcore.so");
    host_.library(kLib + "libd3d12.so", "libd3d12.so");
    for (const char* copy : {"libcuda.so", "libcuda.so.1", "libcuda.so.1.1"}) {
      host_.library(kLib + copy, "libcuda.so.1");
    }
    host_.library(kLib + "libnvidia-encode.so.1", "libnvidia-encode.so.1");
    host_.file(kLib + "nvidia-smi", fakes::stub_program("smi"));
    fill_store();
  }

  void fill_store() {
    host_.library(kStore + "libcuda.so.1.1", "libcuda.so.1");
    host_.library(kStore + "libcuda_loader.so", "libcuda.so.1");
    host_.library(kStore + "libnvidia-ptxjitcompiler.so.1", "libnvidia-ptxjitcompiler.so.1");
    host_.library(kStore + "libnvdxgdmal.so.1", "libnvdxgdmal.so.1");
    host_.file(kStore + "nvcubins.bin", "code");
    // Another vendor's.
    host_.file("/usr/lib/wsl/drivers/u0_amd.inf/amd.sys", "");
  }

  void tell_nvml(unsigned gpus) {
    std::string text = "driver 551.86\ncuda 12040\n";
    for (unsigned i = 0; i < gpus; ++i) {
      text += "gpu 00000000:0" + std::to_string(i + 1) + ":00.0\nuuid GPU-" + std::to_string(i) +
              "\nname NVIDIA GeForce RTX 4090\nmemory 25757220864\ncapability 8.9\n";
    }
    host_.nvml(kLib + "libnvidia-ml.so.1", text);
  }

  Description found() { return describe(host_.options()); }

  Host host_;
};

TEST_F(Wsl, FilesComeFromTheFolderAndTheStore) {
  tell_nvml(1);
  const Description found = this->found();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(lines(found, "/compute", host_.root()),
              UnorderedElementsAre(
                  "libcuda.so.1 + libcuda.so,libcuda.so.1.1 = " + kLib + "libcuda.so.1",
                  "libnvidia-ptxjitcompiler.so.1 = " + kStore + "libnvidia-ptxjitcompiler.so.1"));
  EXPECT_THAT(lines(found, "/utility", host_.root()),
              UnorderedElementsAre("libnvidia-ml.so.1 = " + kLib + "libnvidia-ml.so.1",
                                   "/usr/bin/nvidia-smi = " + kLib + "nvidia-smi"));
  EXPECT_THAT(lines(found, "/graphics", host_.root()),
              UnorderedElementsAre("libd3d12.so = " + kLib + "libd3d12.so"));
  EXPECT_THAT(lines(found, "/video", host_.root()),
              UnorderedElementsAre("libnvidia-encode.so.1 = " + kLib + "libnvidia-encode.so.1"));
  const std::string store = kStore.substr(0, kStore.size() - 1);
  EXPECT_THAT(lines(found, "/", host_.root()),
              UnorderedElementsAre("libdxcore.so = " + kLib + "libdxcore.so",
                                   "libnvdxgdmal.so.1 = " + kStore + "libnvdxgdmal.so.1",
                                   store + " = " + store));
}

// Windows keeps the folders of drivers that it has replaced.
class WslStores : public Wsl {
 protected:
  void SetUp() override {
    Wsl::SetUp();
    for (const std::string& store : {kOlder, kNewer}) {
      host_.library(store + "libcuda.so.1.1", "libcuda.so.1");
      host_.library(store + "libnvidia-ptxjitcompiler.so.1", "libnvidia-ptxjitcompiler.so.1");
    }
    const auto now = std::filesystem::file_time_type::clock::now();
    std::filesystem::last_write_time(host_ / (kOlder + "libcuda.so.1.1"),
                                     now - std::chrono::hours(48));
    std::filesystem::last_write_time(host_ / (kStore + "libcuda.so.1.1"),
                                     now - std::chrono::hours(24));
    std::filesystem::last_write_time(host_ / (kNewer + "libcuda.so.1.1"), now);
  }

  // Folders of Windows drivers, and where the compiler comes from.
  std::vector<std::string> from_stores() {
    const Description found = this->found();
    std::vector<std::string> out;
    for (const char* scope : {"/", "/compute"}) {
      for (const std::string& line : lines(found, scope, host_.root())) {
        if (line.find(" = /usr/lib/wsl/drivers/") != std::string::npos &&
            line.find("dmal") == std::string::npos) {
          out.push_back(line.substr(line.find(" = ") + 3));
        }
      }
    }
    return out;
  }

  static std::string folder(const std::string& store) { return store.substr(0, store.size() - 1); }

  const std::string kOlder = "/usr/lib/wsl/drivers/nv_dispi.inf_amd64_0000000000000000/";
  const std::string kNewer = "/usr/lib/wsl/drivers/nv_dispi.inf_amd64_ffffffffffffffff/";
};

TEST_F(WslStores, TheOneThatNvmlComesFromIsInUse) {
  host_.nvml(kStore + "libnvidia-ml.so.1", "driver 551.86\ngpu 00000000:01:00.0\nname A\n");
  host_.link(kLib + "libnvidia-ml.so.1", kStore + "libnvidia-ml.so.1");
  EXPECT_THAT(from_stores(), ElementsAre(folder(kStore), kStore + "libnvidia-ptxjitcompiler.so.1"));
}

TEST_F(WslStores, WithoutAnAnswerTheNewestComesFirst) {
  EXPECT_THAT(from_stores(), ElementsAre(folder(kNewer), folder(kStore), folder(kOlder),
                                         kNewer + "libnvidia-ptxjitcompiler.so.1"));
}

TEST_F(Wsl, OneGpuNeedsNoMask) {
  tell_nvml(1);
  const Description found = this->found();
  const Device& gpu = found.devices.at("0");
  EXPECT_EQ(gpu.flags, 0u) << gpu.reason;
  EXPECT_EQ(gpu.uuid, "GPU-0");
  EXPECT_EQ(gpu.driver, "551.86");
  EXPECT_EQ(gpu.memory_bytes, 25757220864u);
  EXPECT_EQ(gpu.architecture, "8.9");
  EXPECT_THAT(found.nodes.at("0/"), ElementsAre(host_ / "/dev/dxg" + " = /dev/dxg"));
  EXPECT_THAT(found.env, IsEmpty());
  EXPECT_THAT(found.notes, IsEmpty());
  EXPECT_THAT(found.image_folders, IsEmpty());
  EXPECT_EQ(found.properties.at("cuda"), "12.4");
}

TEST_F(Wsl, OfSeveralGpusTheOthersAreHiddenAndItIsSaid) {
  tell_nvml(2);
  const Description found = this->found();
  ASSERT_EQ(found.devices.size(), 2u);
  EXPECT_EQ(found.nodes.at("0/"), found.nodes.at("1/"));
  EXPECT_THAT(found.values.at("0/"), ElementsAre("visible list GPU-0"));
  EXPECT_THAT(found.values.at("1/"), ElementsAre("visible list GPU-1"));
  EXPECT_THAT(found.env.at("/"), ElementsAre("CUDA_VISIBLE_DEVICES:=${visible}"));
  EXPECT_THAT(found.notes.at("1/"),
              ElementsAre("WSL2 has one node for all GPUs, /dev/dxg: CUDA_VISIBLE_DEVICES hides "
                          "those that were not asked for, but nothing keeps the container from "
                          "using them"));
}

TEST_F(Wsl, WithoutUuidsTheMaskCountsAsNvmlDoes) {
  host_.nvml(kLib + "libnvidia-ml.so.1",
             "driver 551.86\ngpu 00000000:01:00.0\nname A\ngpu 00000000:02:00.0\nname B\n");
  const Description found = this->found();
  EXPECT_THAT(found.values.at("1/"), ElementsAre("visible list 1"));
  EXPECT_THAT(found.env.at("/"),
              ElementsAre("CUDA_DEVICE_ORDER=PCI_BUS_ID", "CUDA_VISIBLE_DEVICES:=${visible}"));
}

TEST_F(Wsl, WithoutNvmlAllGpusAreOne) {
  const Description found = this->found();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("0").name, "NVIDIA GPU");
  EXPECT_EQ(found.properties.at("source"), "dxg");
  EXPECT_TRUE(found.conditions.count("seconds 30"));
  EXPECT_THAT(found.log,
              testing::Contains("NVML does not answer (there is no libnvidia-ml.so.1): how many "
                                "GPUs there are is not known, all of them count as one"));
}

TEST_F(Wsl, TheStoreAloneIsEnough) {
  for (const char* name : {"libcuda.so", "libcuda.so.1", "libcuda.so.1.1"}) {
    std::filesystem::remove(host_ / (kLib + name));
  }
  const Description found = this->found();
  EXPECT_THAT(lines(found, "/compute", host_.root()),
              testing::Contains("libcuda.so.1 + libcuda.so.1.1,libcuda_loader.so = " + kStore +
                                "libcuda.so.1.1"));
}

TEST_F(Wsl, WithoutTheNodeItIsAbsent) {
  std::filesystem::remove(host_ / "/dev/dxg");
  const Description found = this->found();
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error, host_ / "/dev/dxg" + " does not exist: WSL2 has no GPU of Windows");
  EXPECT_TRUE(found.conditions.count("stat " + host_ / "/dev/dxg"));
}

TEST_F(Wsl, WithoutLibcudaItIsAbsent) {
  std::filesystem::remove_all(host_ / "/usr/lib/wsl/drivers");
  for (const char* name : {"libcuda.so", "libcuda.so.1", "libcuda.so.1.1"}) {
    std::filesystem::remove(host_ / (kLib + name));
  }
  const Description found = this->found();
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_THAT(found.error, HasSubstr("the driver of Windows brings no libcuda.so.1 into " +
                                     host_ / "/usr/lib/wsl/lib"));
  EXPECT_THAT(found.error, HasSubstr("the GPU is another vendor's"));
  EXPECT_TRUE(found.conditions.count("listing " + host_ / "/usr/lib/wsl/lib"));
  EXPECT_TRUE(found.conditions.count("listing " + host_ / "/usr/lib/wsl/drivers"));
}

TEST_F(Wsl, AnEmptyNvmlIsAbsent) {
  tell_nvml(0);
  EXPECT_EQ(found().error, "the driver of Windows has no GPU for WSL2");
}

// Where the kernel has a driver of its own, WSL2's files are left behind.
TEST_F(Wsl, AKernelDriverDecides) {
  host_.file("/proc/driver/nvidia/version",
             "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01  Tue Apr  8 12:41:17\n");
  EXPECT_EQ(found().error, "the NVIDIA driver 550.163.01 is loaded but has no GPU");
  Options options = host_.options();
  options.others = {{"mode", "wsl"}};
  EXPECT_EQ(describe(options).status, XPU_OK);
}

TEST_F(Wsl, TheModeMustBeOneOfFour) {
  Options options = host_.options();
  options.others = {{"mode", "jit-cdi"}};
  const Description found = describe(options);
  EXPECT_EQ(found.status, XPU_INVALID);
  EXPECT_EQ(found.error, "option mode is \"jit-cdi\"; one of auto, nvml, wsl, csv is wanted");
  options.others = {{"mode", "nvml"}};
  EXPECT_THAT(describe(options).error, HasSubstr("the NVIDIA driver is not loaded"));
}

}  // namespace
}  // namespace xpu::test
