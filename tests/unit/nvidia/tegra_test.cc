// SPDX-License-Identifier: Apache-2.0
// Tegra: what mount specifications name, and the GPUs beside the chip's own.
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/unit/nvidia/host.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const std::string kCsv = "/etc/nvidia-container-runtime/host-files-for-container.d/";
const std::string kLib = "/usr/lib/aarch64-linux-gnu/";
const std::string kOwn = kLib + "nvidia/";

class Tegra : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_MKNOD();
    host_.file("/etc/nv_tegra_release",
               "# R36 (release), REVISION: 4.0, GCID: 37537400, BOARD: generic, EABI: aarch64\n");
  }

  Description found() { return describe(host_.options()); }

  // A GPU of the chip and, with `slot`, one in a slot; nodes as the kernel numbers them.
  void tell_nvml(const std::string& name, bool slot) {
    std::string text = "driver 580.00.00\ncuda 13000\ngpu 00000000:01:00.0\nuuid GPU-chip\nname " +
                       name + "\nminor 0\n";
    if (slot) {
      text += "gpu 00000001:01:00.0\nuuid GPU-slot\nname NVIDIA RTX 6000\nminor 1\n";
    }
    host_.nvml(kOwn + "libnvidia-ml.so.1", text);
  }

  std::set<std::string> names(const std::set<std::string>& nodes) {
    std::set<std::string> out;
    for (const std::string& node : nodes) {
      out.insert(node.substr(node.find(" = ") + 3));
    }
    return out;
  }

  Host host_;
};

TEST_F(Tegra, EachKindOfLine) {
  host_.file(kCsv + "devices.csv",
             "dev, /dev/nvmap\ndev,/dev/dri/card*\ndev, /dev/not-there\ndir, /dev/dri/by-path\n");
  host_.file(kCsv + "drivers.csv",
             "\n# a comment\nlib, " + kOwn + "libcuda.so.1.1\nsym, " + kOwn +
                 "libcuda.so.1\nsym, " + kLib + "libcuda.so\nlib, " + kLib +
                 "gstreamer-1.0/libgstnv.so\nlib, " +
                 "//lib/firmware/tegra19x/dec.fw\nlib, /lib/firmware/tegra19x/dec.fw\nsym, " +
                 "/etc/vulkan/icd.d/nvidia_icd.json\nsym, " + kLib + "tegra\ndir, /usr/share/nv\n" +
                 "lib, " + kOwn + "libmissing.so\n");
  host_.file(kCsv + "notes.txt", "lib, /etc/passwd\n");
  host_.node("/dev/nvmap");
  host_.node("/dev/dri/card0");
  host_.node("/dev/dri/renderD128");
  host_.link("/dev/dri/by-path/platform-gpu-card", "../card0");
  host_.link("/dev/dri/by-path/platform-gpu-render", "../renderD128");
  host_.library(kOwn + "libcuda.so.1.1", "libcuda.so.1");
  host_.link(kOwn + "libcuda.so.1", "libcuda.so.1.1");
  host_.link(kLib + "libcuda.so", "nvidia/libcuda.so.1.1");
  host_.library(kLib + "gstreamer-1.0/libgstnv.so", "libgstnv.so");
  host_.file("/lib/firmware/tegra19x/dec.fw", "code");
  host_.file(kOwn + "nvidia_icd.json", "{}");
  host_.link("/etc/vulkan/icd.d/nvidia_icd.json", kOwn + "nvidia_icd.json");
  host_.link(kLib + "tegra", "nvidia");
  host_.file("/usr/share/nv/profile", "");
  const Description found = this->found();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(lines(found, "/", host_.root()),
              UnorderedElementsAre(
                  "libcuda.so.1 + libcuda.so.1.1,libcuda.so = " + kOwn + "libcuda.so.1.1",
                  kLib + "gstreamer-1.0/libgstnv.so = " + kLib + "gstreamer-1.0/libgstnv.so",
                  "/lib/firmware/tegra19x/dec.fw = /lib/firmware/tegra19x/dec.fw",
                  "/etc/vulkan/icd.d/nvidia_icd.json = " + kOwn + "nvidia_icd.json",
                  kLib + "tegra = " + kLib + "nvidia", "/usr/share/nv = /usr/share/nv"));
  EXPECT_THAT(found.nodes.at("0/"), ElementsAre(host_ / "/dev/dri/card0" + " = /dev/dri/card0",
                                                host_ / "/dev/nvmap" + " = /dev/nvmap"));
  EXPECT_THAT(found.links.at("0/"), ElementsAre("/dev/dri/by-path/platform-gpu-card -> ../card0"));
  EXPECT_THAT(found.log, IsEmpty());
  EXPECT_EQ(found.properties.at("l4t"), "36.4.0");
  EXPECT_EQ(found.properties.at("source"), "csv");
  EXPECT_EQ(found.properties.at("delivery"), "csv");
  for (const std::string& condition :
       {"stat " + host_ / (kCsv + "drivers.csv"), "listing " + host_ / "/dev/dri",
        "stat " + host_ / "/dev/not-there", "listing " + host_ / (kLib + "gstreamer-1.0")}) {
    EXPECT_THAT(found.conditions, Contains(condition));
  }
}

TEST_F(Tegra, WhatIsNoSpecificationIsSaid) {
  host_.file(kCsv + "devices.csv", "dev, /dev/nvmap\nlib /usr/lib/x.so\nbin, /usr/bin/x\ndev, x\n");
  host_.node("/dev/nvmap");
  const std::string file = host_ / (kCsv + "devices.csv");
  const std::string wanted = ": no \"dev, lib, sym or dir, absolute path\": ";
  EXPECT_THAT(found().log, ElementsAre(file + ":2" + wanted + "lib /usr/lib/x.so",
                                       file + ":3" + wanted + "bin, /usr/bin/x",
                                       file + ":4" + wanted + "dev, x"));
}

TEST_F(Tegra, WildcardsMayBeInAnyPartOfAPath) {
  host_.file(kCsv + "devices.csv",
             "dev, /dev/nvgpu/*/ctrl\ndev, /dev/nvhost-?\nlib, /opt/nv[0-9]/*/data.bin\n");
  host_.node("/dev/nvgpu/igpu0/ctrl");
  host_.node("/dev/nvhost-a");
  host_.node("/dev/nvhost-ab");
  host_.file("/opt/nv1/x/data.bin", "1");
  host_.file("/opt/nvx/x/data.bin", "2");
  const Description found = this->found();
  EXPECT_THAT(names(found.nodes.at("0/")), ElementsAre("/dev/nvgpu/igpu0/ctrl", "/dev/nvhost-a"));
  EXPECT_THAT(lines(found, "/", host_.root()),
              ElementsAre("/opt/nv1/x/data.bin = /opt/nv1/x/data.bin"));
  for (const char* folder : {"/dev/nvgpu", "/dev", "/opt", "/opt/nv1"}) {
    EXPECT_THAT(found.conditions, Contains("listing " + host_ / folder));
  }
}

TEST_F(Tegra, PlacesOfTheContainersOwnStayItsOwn) {
  host_.file(kCsv + "devices.csv",
             "dev, /dev/nvmap\ndir, /\ndir, /usr/..\ndir, /dev/\nlib, /proc/devices\n");
  host_.node("/dev/nvmap");
  host_.file("/proc/devices", "Character devices:\n");
  const Description found = this->found();
  const std::string file = host_ / (kCsv + "devices.csv");
  const std::string why = ": a container has that place for itself: ";
  EXPECT_THAT(
      found.log,
      ElementsAre(file + ":2" + why + "dir, /", file + ":3" + why + "dir, /usr/..",
                  file + ":4" + why + "dir, /dev/", file + ":5" + why + "lib, /proc/devices"));
  EXPECT_THAT(lines(found, "/", host_.root()), IsEmpty());
}

TEST_F(Tegra, OtherFilesComeForThoseThatAsk) {
  host_.file(kCsv + "devices.csv", "dev, /dev/nvmap\n");
  host_.file(kCsv + "cuda.csv", "dir, /usr/local/cuda-10.2\nlib, " + kLib + "libnvinfer.so.8\n");
  host_.node("/dev/nvmap");
  host_.file("/usr/local/cuda-10.2/version.txt", "");
  host_.library(kLib + "libnvinfer.so.8", "libnvinfer.so.8");
  const Description found = this->found();
  EXPECT_THAT(lines(found, "/", host_.root()), IsEmpty());
  EXPECT_THAT(lines(found, "/jetpack-all", host_.root()),
              UnorderedElementsAre("/usr/local/cuda-10.2 = /usr/local/cuda-10.2",
                                   "libnvinfer.so.8 = " + kLib + "libnvinfer.so.8"));
}

TEST_F(Tegra, WithoutNvmlTheDeviceTreeNamesTheChip) {
  host_.file(kCsv + "devices.csv", "dev, /dev/nvmap\nlib, " + kOwn + "libcuda.so.1.1\n");
  host_.node("/dev/nvmap");
  host_.library(kOwn + "libcuda.so.1.1", "libcuda.so.1");
  std::filesystem::copy_file(FAKE_CUDA, host_ / (kOwn + "libcuda.so.1.1"),
                             std::filesystem::copy_options::overwrite_existing);
  host_.file("/proc/device-tree/model", std::string("NVIDIA Jetson AGX Xavier\0", 25));
  host_.file("/proc/device-tree/compatible",
             std::string("nvidia,p2972-0000\0nvidia,tegra194\0", 34));
  const Description found = this->found();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  const Device& gpu = found.devices.at("0");
  EXPECT_EQ(gpu.name, "NVIDIA Jetson AGX Xavier");
  EXPECT_EQ(gpu.architecture, "7.2");
  EXPECT_EQ(gpu.properties.at("integrated"), "true");
  EXPECT_EQ(found.properties.at("cuda"), "11.4");
  EXPECT_THAT(found.image_folders, IsEmpty());
}

TEST_F(Tegra, WithoutItsNodesTheGpuIsUnavailable) {
  host_.file(kCsv + "devices.csv", "dev, /dev/nvmap\n");
  EXPECT_EQ(
      found().devices.at("0").reason,
      "none of the device nodes that " + host_ / kCsv.substr(0, kCsv.size() - 1) + " names exists");
}

TEST_F(Tegra, ModeCsvWithoutSpecificationsIsAbsent) {
  Options options = host_.options();
  options.others = {{"mode", "csv"}, {"csv-path", "/etc/csv"}};
  const Description found = describe(options);
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error, "no mount specification is in " + host_ / "/etc/csv");
  EXPECT_TRUE(found.conditions.count("listing " + host_ / "/etc/csv"));
}

// A board whose own GPU is switched off in favour of one in a slot has the driver of every host.
TEST_F(Tegra, OnlyAGpuInASlotIsNoTegraMatter) {
  host_.file(kCsv + "devices.csv", "dev, /dev/nvmap\nlib, " + kOwn + "libnvidia-ml.so.1\n");
  host_.node("/dev/nvmap");
  host_.file("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX  580.00.00  now\n");
  tell_nvml("NVIDIA RTX 6000", false);
  EXPECT_EQ(found().error, "the NVIDIA driver 580.00.00 is loaded but has no GPU");
  tell_nvml("Orin (nvgpu)", false);
  EXPECT_EQ(found().properties.at("l4t"), "36.4.0");
}

// The recorded hosts.
class Recorded : public Tegra {
 protected:
  void SetUp() override {
    Tegra::SetUp();
    if (!IsSkipped() && lookup_fixture("").empty()) {
      GTEST_SKIP() << "the fixtures' recorded hosts are not here";
    }
  }

  // The specifications of a recorded host, with every node and file of `paths`.
  void take(const std::string& name) {
    const std::string from = lookup_fixture(name) + kCsv;
    for (const char* file : {"devices.csv", "drivers.csv"}) {
      std::ifstream in(from + file);
      std::ostringstream text;
      text << in.rdbuf();
      host_.file(kCsv + file, text.str());
    }
    for (const char* node :
         {"/dev/dri/card0", "/dev/dri/renderD128", "/dev/nvgpu/igpu0/as", "/dev/nvmap",
          "/dev/host1x-fence", "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-modeset"}) {
      host_.node(node);
    }
    host_.library(kOwn + "libcuda.so.1.1", "libcuda.so.1");
    host_.link(kOwn + "libcuda.so.1", "libcuda.so.1.1");
    host_.link(kOwn + "libcuda.so", "libcuda.so.1.1");
    host_.library(kLib + "gstreamer-1.0/libgstnvjpeg.so", "libgstnvjpeg.so");
    host_.file("/usr/sbin/nvidia-smi", fakes::stub_program("smi"));
  }
};

TEST_F(Recorded, CsvModeHasOneGpu) {
  take("csv-mode");
  const Description found = this->found();
  ASSERT_EQ(found.devices.size(), 1u) << found.error;
  EXPECT_THAT(names(found.nodes.at("0/")),
              ElementsAre("/dev/dri/card0", "/dev/dri/renderD128", "/dev/host1x-fence",
                          "/dev/nvgpu/igpu0/as", "/dev/nvidia-modeset", "/dev/nvidia0",
                          "/dev/nvidiactl", "/dev/nvmap"));
  EXPECT_THAT(
      lines(found, "/", host_.root()),
      UnorderedElementsAre(
          "libcuda.so.1 + libcuda.so.1.1,libcuda.so = " + kOwn + "libcuda.so.1.1",
          kLib + "gstreamer-1.0/libgstnvjpeg.so = " + kLib + "gstreamer-1.0/libgstnvjpeg.so",
          "/usr/sbin/nvidia-smi = /usr/sbin/nvidia-smi"));
}

TEST_F(Recorded, OrinLooksForNewerLibrariesInAFolderOfItsOwn) {
  take("rootfs-orin");
  tell_nvml("Orin (nvgpu)", false);
  const Description found = this->found();
  ASSERT_EQ(found.devices.size(), 1u) << found.error;
  EXPECT_EQ(found.devices.at("0").uuid, "GPU-chip");
  EXPECT_EQ(found.properties.at("cuda"), "13.0");
  EXPECT_THAT(found.image_folders.at("/compute"),
              ElementsAre("/usr/local/cuda/compat_orin libcuda.so 580.00.00"));
  EXPECT_THAT(lines(found, "/", host_.root()),
              Contains("libnvidia-ml.so.1 = " + kOwn + "libnvidia-ml.so.1"));
}

TEST_F(Recorded, ThorWithAGpuInASlotHasTwo) {
  take("rootfs-thor-dgpu");
  for (const char* node : {"/dev/nvidia1", "/dev/nvidia2", "/dev/nvidia-uvm"}) {
    host_.node(node);
  }
  // The slot's DRM nodes are its own.
  for (const char* name : {"card1", "renderD129"}) {
    std::filesystem::create_directories(host_ / "/sys/bus/pci/devices/0001:01:00.0/drm/" + name);
    host_.node(std::string("/dev/dri/") + name);
  }
  tell_nvml("NVIDIA Thor", true);
  const Description found = this->found();
  ASSERT_EQ(found.devices.size(), 2u) << found.error;
  EXPECT_EQ(found.devices.at("0").properties.at("integrated"), "true");
  EXPECT_EQ(found.devices.at("1").properties.at("integrated"), "false");
  EXPECT_EQ(found.devices.at("1").flags, 0u) << found.devices.at("1").reason;
  EXPECT_THAT(names(found.nodes.at("0/")),
              ElementsAre("/dev/dri/card0", "/dev/dri/renderD128", "/dev/host1x-fence",
                          "/dev/nvgpu/igpu0/as", "/dev/nvidia-modeset", "/dev/nvidia0",
                          "/dev/nvidia2", "/dev/nvidiactl", "/dev/nvmap"));
  const std::set<std::string> slot = names(found.nodes.at("1/"));
  EXPECT_THAT(slot, testing::IsSupersetOf({"/dev/nvidia1", "/dev/nvmap", "/dev/host1x-fence"}));
  EXPECT_THAT(slot, Not(Contains("/dev/nvidia0")));
  EXPECT_THAT(slot, Not(Contains("/dev/nvidia2")));
  EXPECT_THAT(slot, Not(Contains("/dev/dri/card0")));
  EXPECT_THAT(names(found.nodes.at("1/graphics")),
              ElementsAre("/dev/dri/card1", "/dev/dri/renderD129"));
  EXPECT_THAT(names(found.nodes.at("/")), ElementsAre("/dev/nvidiactl"));
  EXPECT_THAT(found.image_folders.at("/compute"),
              ElementsAre("/usr/local/cuda/compat libcuda.so 580.00.00"));
}

}  // namespace
}  // namespace xpu::test
