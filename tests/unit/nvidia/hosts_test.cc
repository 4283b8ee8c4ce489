// SPDX-License-Identifier: Apache-2.0
// Hosts that keep their driver elsewhere or have GPUs of another kind, and options about files.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/nvidia/host.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string kVersion = "999.88.77";

std::string gpu(const std::string& pci, unsigned minor) {
  return "gpu " + pci + "\nuuid GPU-" + std::to_string(minor) + "\nname NVIDIA GPU\nminor " +
         std::to_string(minor) + "\n";
}

class Hosts : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_MKNOD();
    for (const char* node : {"nvidiactl", "nvidia-uvm", "nvidia0", "nvidia1"}) {
      host_.node("/dev/" + std::string(node));
    }
  }

  // The kernel's side of `gpus` GPUs.
  void load_module(unsigned gpus = 1) {
    host_.file("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX  " + kVersion + "  now\n");
    for (unsigned i = 0; i < gpus; ++i) {
      host_.file("/proc/driver/nvidia/gpus/0000:0" + std::to_string(i + 1) + ":00.0/information",
                 "Model: NVIDIA GPU\nDevice Minor: " + std::to_string(i) + "\n");
    }
  }

  void add_driver(const std::string& folder) {
    host_.library(folder + "/libcuda.so." + kVersion, "libcuda.so.1");
    host_.link(folder + "/libcuda.so.1", "libcuda.so." + kVersion);
  }

  std::vector<std::string> compute(const Options& options) {
    return lines(describe(options), "/compute", options.driver_root);
  }

  Host host_;
};

std::string cuda_in(const std::string& folder) {
  return "libcuda.so.1 + libcuda.so = " + folder + "/libcuda.so." + kVersion;
}

// The recorded roots: the folder of the driver in each.
TEST_F(Hosts, TheDriverIsFoundWhereTheRecordedOnesHaveIt) {
  load_module();
  for (const auto& [name, root, folder] : {
           std::tuple("rootfs-1", "", "/lib/x86_64-linux-gnu"),
           std::tuple("rootfs-2", "", "/var/lib/nvidia/lib64"),
           std::tuple("rootfs-no-cache-lib64", "", "/usr/lib64"),
           std::tuple("rootfs-split", "/driver-root", "/lib/x86_64-linux-gnu"),
       }) {
    const std::string recorded = lookup_fixture(std::string(name) + root);
    if (recorded.empty()) {
      GTEST_SKIP() << "the fixtures' recorded hosts are not here";
    }
    // The recorded files are empty: the same names as libraries.
    Host driver;
    ASSERT_TRUE(std::filesystem::exists(recorded + folder + "/libcuda.so." + kVersion)) << name;
    driver.library(folder + ("/libcuda.so." + kVersion), "libcuda.so.1");
    if (std::filesystem::exists(recorded + "/etc/ld.so.cache")) {
      std::ifstream cache(recorded + "/etc/ld.so.cache", std::ios::binary);
      std::ostringstream bytes;
      bytes << cache.rdbuf();
      driver.file("/etc/ld.so.cache", bytes.str());
    }
    std::vector<std::string> expected = {cuda_in(folder)};
    if (std::filesystem::exists(recorded + folder + "/vdpau")) {
      driver.library(folder + ("/vdpau/libvdpau_nvidia.so." + kVersion), "libvdpau_nvidia.so.1");
    }
    Options options = host_.options();
    options.driver_root = driver.root();
    const Description found = describe(options);
    ASSERT_EQ(found.status, XPU_OK) << name << ": " << found.error;
    EXPECT_THAT(lines(found, "/compute", driver.root()), ElementsAre(cuda_in(folder))) << name;
    EXPECT_EQ(found.devices.at("0").flags, 0u) << name << ": " << found.devices.at("0").reason;
    const bool vdpau = std::filesystem::exists(recorded + folder + "/vdpau");
    EXPECT_EQ(lines(found, "/video", driver.root()).size(), vdpau ? 1u : 0u) << name;
  }
}

TEST_F(Hosts, AnEmptyRootIsTheReason) {
  load_module();
  Host empty;
  Options options = host_.options();
  options.driver_root = empty.root();
  EXPECT_THAT(describe(options).devices.at("0").reason,
              HasSubstr("no driver library of version 999.88.77 is below " + empty.root()));
}

// NixOS links a package of its store into /run.
TEST_F(Hosts, AStoreBehindALink) {
  load_module();
  const std::string store = "/nix/store/abc-nvidia-x11-999.88.77";
  add_driver(store + "/lib");
  host_.library(store + "/lib/libGLX_nvidia.so." + kVersion, "libGLX_nvidia.so.0");
  host_.file(store + "/share/vulkan/icd.d/nvidia_icd.x86_64.json",
             "{\"ICD\": {\"library_path\": \"" + store + "/lib/libGLX_nvidia.so.0\"}}\n");
  host_.file(store + "/share/glvnd/egl_vendor.d/10_nvidia.json",
             "{\"ICD\" : {\"library_path\" : \"libEGL_nvidia.so.0\"}}\n");
  host_.link("/run/opengl-driver", store);
  host_.file("/nix/store/def-bin/bin/nvidia-smi", fakes::stub_program("smi"));
  host_.link("/run/current-system/sw/bin/nvidia-smi", "/nix/store/def-bin/bin/nvidia-smi");
  const Description found = describe(host_.options());
  EXPECT_THAT(lines(found, "/compute", host_.root()), ElementsAre(cuda_in(store + "/lib")));
  EXPECT_THAT(lines(found, "/utility", host_.root()),
              ElementsAre("/usr/bin/nvidia-smi = /nix/store/def-bin/bin/nvidia-smi"));
  EXPECT_THAT(lines(found, "/graphics", host_.root()),
              UnorderedElementsAre("libGLX_nvidia.so.0 + libGLX_indirect.so.0 = " + store +
                                       "/lib/libGLX_nvidia.so." + kVersion,
                                   "/usr/share/glvnd/egl_vendor.d/10_nvidia.json = " + store +
                                       "/share/glvnd/egl_vendor.d/10_nvidia.json"));
  EXPECT_EQ(found.texts.at("/graphics").at("/usr/share/vulkan/icd.d/nvidia_icd.x86_64.json"),
            "{\"ICD\": {\"library_path\": \"libGLX_nvidia.so.0\"}}\n");
}

// Hosts of machine images with the driver on a read-only disk of its own, and scripts that call its
// programs there.
TEST_F(Hosts, AWholeDriverInOneFolder) {
  load_module();
  const std::string whole = "/usr/local/nvidia";
  add_driver(whole + "/lib64");
  host_.file(whole + "/bin/nvidia-smi", fakes::stub_program("smi"));
  host_.file("/usr/bin/nvidia-smi", "#!/bin/sh\nexec /usr/local/nvidia/bin/nvidia-smi \"$@\"\n");
  host_.file("/usr/bin/nvidia-debugdump", "#!/bin/sh\nexec /nowhere/nvidia-debugdump\n");
  host_.file(whole + "/share/glvnd/egl_vendor.d/10_nvidia.json", "{}\n");
  const Description found = describe(host_.options());
  EXPECT_THAT(lines(found, "/compute", host_.root()), ElementsAre(cuda_in(whole + "/lib64")));
  EXPECT_THAT(lines(found, "/utility", host_.root()),
              ElementsAre("/usr/bin/nvidia-smi = " + whole + "/bin/nvidia-smi"));
  EXPECT_THAT(lines(found, "/graphics", host_.root()),
              ElementsAre("/usr/share/glvnd/egl_vendor.d/10_nvidia.json = " + whole +
                          "/share/glvnd/egl_vendor.d/10_nvidia.json"));
}

// This program once more, with a loader that knows a folder of its own: the child's half.
TEST_F(Hosts, DISABLED_WhatTheLoaderKnows) {
  const char* root = getenv("XPU_TEST_ROOT");
  ASSERT_NE(root, nullptr);
  Options options = below(root);
  options.driver_root = "/";
  const std::string folder = std::string(root) + "/odd/place";
  EXPECT_THAT(lines(describe(options), "/compute", ""), ElementsAre(cuda_in(folder)));
}

TEST_F(Hosts, WhatTheLoaderKnows) {
  if (std::filesystem::exists("/usr/lib/x86_64-linux-gnu/libcuda.so.1")) {
    GTEST_SKIP() << "this machine has a driver of its own";
  }
  load_module();
  add_driver("/odd/place");
  const pid_t child = fork();
  if (child == 0) {
    setenv("LD_LIBRARY_PATH", (host_ / "/odd/place").c_str(), 1);
    setenv("XPU_TEST_ROOT", host_.root().c_str(), 1);
    execl("/proc/self/exe", "test_nvidia", "--gtest_also_run_disabled_tests",
          "--gtest_filter=Hosts.DISABLED_WhatTheLoaderKnows", nullptr);
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// Coherent systems: GPUs that are on no PCI bus.
TEST_F(Hosts, GpusWithoutPciFunctions) {
  load_module(0);
  add_driver("/usr/lib64");
  host_.nvml("/usr/lib64/libnvidia-ml.so." + kVersion,
             "driver " + kVersion + "\n" + gpu("-", 0) + gpu("-", 1));
  const Description found = describe(host_.options());
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  for (const char* index : {"0", "1"}) {
    const Device& device = found.devices.at(index);
    EXPECT_EQ(device.flags, 0u) << device.reason;
    EXPECT_EQ(device.pci, "");
    EXPECT_THAT(device.aliases, IsEmpty());
    EXPECT_EQ(found.nodes.at(std::string(index) + "/").size(), 1u);
  }
}

TEST_F(Hosts, EglSeesOnlyTheGpusGiven) {
  load_module();
  add_driver("/usr/lib64");
  host_.nvml("/usr/lib64/libnvidia-ml.so." + kVersion,
             "driver " + kVersion + "\n" + gpu("00000000:01:00.0", 0) + gpu("00000000:02:00.0", 1));
  const std::string profile = "/etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf";
  const Description found = describe(host_.options());
  EXPECT_EQ(found.texts.at("/graphics").at(profile),
            "{\"profiles\": [{\"name\": \"_container_\", \"settings\": "
            "[\"EGLVisibleDGPUDevices\", ${minors}]}],\n"
            " \"rules\": [{\"pattern\": [], \"profile\": \"_container_\"}]}\n");
  EXPECT_THAT(found.values.at("0/"), ElementsAre("minors bits 0"));
  EXPECT_THAT(found.values.at("1/"), ElementsAre("minors bits 1"));
  // The mask has 64 bits.
  host_.node("/dev/nvidia64");
  host_.nvml(
      "/usr/lib64/libnvidia-ml.so." + kVersion,
      "driver " + kVersion + "\n" + gpu("00000000:01:00.0", 0) + gpu("00000000:02:00.0", 64));
  const Description many = describe(host_.options());
  EXPECT_EQ(many.devices.size(), 2u) << many.error;
  EXPECT_FALSE(many.texts.count("/graphics"));
}

// GeForce refuses the newer library where the driver's own works.
TEST_F(Hosts, NewerLibrariesOfAnImageAreForThoseGpusThatTakeThem) {
  load_module();
  add_driver("/usr/lib64");
  const std::string nvml = "/usr/lib64/libnvidia-ml.so." + kVersion;
  const std::string head = "driver " + kVersion + "\n";
  const std::string tesla = gpu("00000000:01:00.0", 0) + "brand 2\n";
  host_.nvml(nvml, head + tesla);
  EXPECT_THAT(describe(host_.options()).image_folders.at("/compute"),
              ElementsAre("/usr/local/cuda/compat libcuda.so 999.88.77"));
  Options never = host_.options();
  never.others = {{"cuda-compat", "never"}};
  EXPECT_THAT(describe(never).image_folders, IsEmpty());
  never.others = {{"cuda-compat", "mount"}};
  EXPECT_EQ(describe(never).error, "option cuda-compat is \"mount\"; one of auto, never is wanted");
  host_.nvml(nvml, head + tesla + gpu("00000000:02:00.0", 1) + "brand 5\n");
  EXPECT_THAT(describe(host_.options()).image_folders, IsEmpty());
}

// The texts of a kernel module name no brand.
TEST_F(Hosts, WithoutNvmlTheNameTellsWhichGpusTakeNewerLibraries) {
  load_module();
  add_driver("/usr/lib64");
  EXPECT_EQ(describe(host_.options()).image_folders.count("/compute"), 1u);
  for (const char* model : {"NVIDIA GeForce RTX 4090", "NVIDIA TITAN RTX"}) {
    host_.file("/proc/driver/nvidia/gpus/0000:01:00.0/information",
               "Model: " + std::string(model) + "\nDevice Minor: 0\n");
    EXPECT_THAT(describe(host_.options()).image_folders, IsEmpty()) << model;
  }
}

// Neither a name in another encoding nor words in place of a UUID cost the description.
TEST_F(Hosts, OddTextsOfDriversAreMadeReadable) {
  load_module(2);
  add_driver("/usr/lib64");
  for (const char* minor : {"0", "1"}) {
    host_.file(
        "/proc/driver/nvidia/gpus/0000:0" + std::to_string(*minor - '0' + 1) + ":00.0/information",
        "Model: NVIDIA\xae\tGPU\nGPU UUID: N/A\nDevice Minor: " + std::string(minor) + "\n");
  }
  Description found = describe(host_.options());
  ASSERT_EQ(found.devices.size(), 2u) << found.error;
  EXPECT_EQ(found.devices.at("1").name, "NVIDIA??GPU");
  EXPECT_EQ(found.devices.at("1").uuid, "");
  host_.nvml("/usr/lib64/libnvidia-ml.so." + kVersion,
             "driver " + kVersion + "\n" + "gpu 00000000:01:00.0\nname RTX\xe2\x84\xa2 \xff\n");
  found = describe(host_.options());
  ASSERT_EQ(found.devices.size(), 1u) << found.error;
  EXPECT_EQ(found.devices.at("0").name, "RTX\u2122 ?");
}

TEST_F(Hosts, FilesComeAsInjectDriversSays) {
  load_module();
  add_driver("/usr/lib64");
  Options options = host_.options();
  for (const char* always : {"always", "true"}) {
    options.others = {{"inject-drivers", always}};
    EXPECT_THAT(compute(options), ElementsAre(cuda_in("/usr/lib64"))) << always;
  }
  options.others = {{"inject-drivers", "missing"}};
  Description found = describe(options);
  EXPECT_THAT(lines(found, "/compute?libcuda.so.1,libnvidia-ml.so.1", host_.root()),
              ElementsAre(cuda_in("/usr/lib64")));
  EXPECT_EQ(found.files.size(), 1u);
  std::filesystem::remove_all(host_ / "/usr/lib64");
  for (const char* never : {"never", "false"}) {
    options.others = {{"inject-drivers", never}};
    found = describe(options);
    EXPECT_THAT(found.files, IsEmpty()) << never;
    EXPECT_EQ(found.devices.at("0").flags, 0u) << "the image brings its own driver";
  }
  options.others = {{"inject-drivers", "no"}};
  EXPECT_THAT(describe(options).error, HasSubstr("option inject-drivers is \"no\""));
}

TEST_F(Hosts, CudaOfTheHostComesWhereItIsAskedFor) {
  load_module();
  add_driver("/usr/lib64");
  host_.library("/opt/cuda-12/targets/x86_64-linux/lib/libcudart.so.12.4.1", "libcudart.so.12");
  host_.link("/opt/cuda-12/targets/x86_64-linux/lib/libcudart.so", "libcudart.so.12.4.1");
  host_.link("/opt/cuda-12/lib64", "targets/x86_64-linux/lib");
  const std::string line =
      "libcudart.so.12 + libcudart.so,libcudart.so.12.4.1 = "
      "/opt/cuda-12/targets/x86_64-linux/lib/libcudart.so.12.4.1";
  Options options = host_.options();
  options.others = {{"cuda-path", host_ / "/opt/cuda-12"}};
  EXPECT_THAT(compute(options), ElementsAre(cuda_in("/usr/lib64"))) << "not unless asked";
  options.others["inject-cuda"] = "always";
  EXPECT_THAT(compute(options), UnorderedElementsAre(cuda_in("/usr/lib64"), line));
  options.others["inject-cuda"] = "missing";
  EXPECT_THAT(lines(describe(options),
                    "/compute?libcudart.so.*,/usr/local/cuda/lib64/libcudart.so.*,"
                    "/usr/local/cuda/targets/*/lib/libcudart.so.*",
                    host_.root()),
              ElementsAre(line));
  options.others["cuda-path"] = host_ / "/opt/none";
  const Description found = describe(options);
  EXPECT_THAT(found.log,
              Contains("inject-cuda is set, but there is no library in " +
                       host_ / "/opt/none/lib64" + "; set cuda-path where the toolkit is"));
  EXPECT_TRUE(found.conditions.count("listing " + host_ / "/opt/none/lib64"));
  options.others["cuda-path"] = "cuda";
  EXPECT_EQ(describe(options).error, "option cuda-path is \"cuda\", which is no absolute path");
}

}  // namespace
}  // namespace xpu::test
