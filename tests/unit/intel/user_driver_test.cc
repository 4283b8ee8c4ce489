// SPDX-License-Identifier: Apache-2.0
// The host's user-space driver and oneAPI in containers, and WSL2.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/fakes/driver_tree/stub_elf.h"
#include "tests/unit/intel/describe.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kFolder = "/usr/lib/x86_64-linux-gnu";

// The SONAMEs at the end of lines "kind host container soname", over all scopes.
std::set<std::string> sonames(const Description& found) {
  std::set<std::string> names;
  for (const auto& [scope, files] : found.files) {
    for (const std::string& file : files) {
      names.insert(file.substr(file.rfind(' ') + 1));
    }
  }
  return names;
}

class UserDriver : public testing::Test {
 protected:
  void SetUp() override { XPU_NEEDS_ROOT(); }

  void library(const std::string& path, const std::string& soname) {
    laptop_.tree.file(path, fakes::stub_library(soname, {}, false));
  }
  void compute_runtime() {
    library(std::string(kFolder) + "/libze_intel_gpu.so.1", "libze_intel_gpu.so.1");
    library(std::string(kFolder) + "/intel-opencl/libigdrcl.so", "libigdrcl.so");
    library(std::string(kFolder) + "/libigc.so.2", "libigc.so.2");
    library(std::string(kFolder) + "/libunrelated.so.1", "libunrelated.so.1");
    library(std::string(kFolder) + "/libze_loader.so.1", "libze_loader.so.1");
  }

  Machine laptop_{"laptop"};
};

TEST_F(UserDriver, IsLeftWhereItIs) {
  compute_runtime();
  const Description found = laptop_.describe();
  EXPECT_THAT(found.files, IsEmpty());
  EXPECT_THAT(found.texts, IsEmpty());
}

TEST_F(UserDriver, ComesWhereTheImageHasNone) {
  compute_runtime();
  const Description found = laptop_.describe({{"inject-drivers", "missing"}});
  const std::string compute = "?libze_intel_gpu.so.*,libigdrcl.so";
  const std::string folder = laptop_.folder.at(kFolder);
  EXPECT_THAT(found.files,
              UnorderedElementsAre(
                  Pair(compute, UnorderedElementsAre(
                                    "1 " + folder + "/intel-opencl/libigdrcl.so  libigdrcl.so",
                                    "1 " + folder + "/libigc.so.2  libigc.so.2",
                                    "1 " + folder + "/libze_intel_gpu.so.1  libze_intel_gpu.so.1")),
                  Pair("?libze_loader.so.*",
                       ElementsAre("1 " + folder + "/libze_loader.so.1  libze_loader.so.1"))));
  EXPECT_THAT(
      found.texts,
      ElementsAre(Pair(compute, ElementsAre("/etc/OpenCL/vendors/intel.icd=libigdrcl.so\n"))));
  EXPECT_EQ(found.conditions.count("stat " + folder + "/libigc.so.2"), 1u);
}

TEST_F(UserDriver, ComesAlways) {
  compute_runtime();
  library("/usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so", "iHD_drv_video.so");
  const Description found = laptop_.describe({{"inject-drivers", "always"}});
  EXPECT_THAT(found.files, ElementsAre(Pair("", testing::SizeIs(5))));
  EXPECT_THAT(found.files.at(""),
              Contains("1 " + laptop_.folder.at(kFolder) +
                       "/dri/iHD_drv_video.so dri/iHD_drv_video.so iHD_drv_video.so"));
  EXPECT_THAT(found.texts, ElementsAre(Pair("", testing::SizeIs(1))));
}

TEST_F(UserDriver, OneapiComesInBothLayouts) {
  library("/opt/intel/oneapi/compiler/latest/lib/libsycl.so.8", "libsycl.so.8");
  library("/opt/intel/oneapi/tbb/latest/lib/intel64/libtbb.so.12", "libtbb.so.12");
  library("/opt/other/lib/libmkl_rt.so.2", "libmkl_rt.so.2");
  Description found = laptop_.describe({{"inject-drivers", "missing"}});
  EXPECT_THAT(sonames(found), UnorderedElementsAre("libsycl.so.8", "libtbb.so.12"));
  EXPECT_EQ(found.files.count("?libsycl.so*,libmkl_rt.so*"), 1u);
  for (const char* folder : {"", "/tbb", "/tbb/latest/lib", "/tbb/latest/lib/intel64"}) {
    EXPECT_EQ(found.conditions.count("listing " +
                                     laptop_.folder.at("/opt/intel/oneapi" + std::string(folder))),
              1u)
        << folder;
  }
  const std::string one = "/opt/intel/oneapi/compiler/latest/lib/libsycl.so.8";
  EXPECT_EQ(found.conditions.count("stat " + laptop_.folder.at(one)), 0u)
      << "hundreds of them would be too many";
  found = laptop_.describe({{"inject-drivers", "always"}, {"oneapi-path", "/opt/other"}});
  EXPECT_THAT(sonames(found), UnorderedElementsAre("libmkl_rt.so.2"));
}

// Debian's packages of Level Zero, media driver and oneVPL, as recorded. By hand from the record:
// of the libraries that the backend knows it has these, and no compute runtime.
TEST_F(UserDriver, OfARecordedHost) {
  const std::string listing =
      sdk::test::fixture("driver-listings/debian-trixie-intel/MERGED-ELF.tsv");
  if (listing.empty()) {
    GTEST_SKIP() << "the fixtures' driver listings are not here";
  }
  std::istringstream lines(sdk::test::bytes_of(listing));
  std::string line;
  std::getline(lines, line);  // names of the columns
  while (std::getline(lines, line)) {
    std::vector<std::string> columns;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) {
      columns.push_back(cell);
    }
    if (columns.size() > 3 && columns[0].find(".so") != std::string::npos) {
      library(columns[0], columns[3]);
    }
  }
  const Description found = laptop_.describe({{"inject-drivers", "always"}});
  EXPECT_THAT(
      sonames(found),
      UnorderedElementsAre("libze_loader.so.1", "libvpl.so.2", "libmfx-gen.so.1.2",
                           "libigdgmm.so.12", "libva.so.2", "libva-drm.so.2", "iHD_drv_video.so"));
  EXPECT_THAT(found.texts, IsEmpty()) << "no OpenCL driver";
}

class Wsl : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_ROOT();
    host_.tree.node("/dev/dxg", {10, 125});
  }
  void store() {
    host_.tree.file("/usr/lib/wsl/drivers/iigd_dch.inf_amd64_1/libigdgmm_w.so.12", "");
    host_.tree.file("/usr/lib/wsl/drivers/nv_dispi.inf_amd64_2/nvml.so", "");
    host_.tree.file("/usr/lib/wsl/lib/libdxcore.so",
                    fakes::stub_library("libdxcore.so", {}, false));
  }
  Machine host_{""};
};

constexpr const char* kWarning =
    "on WSL2 every GPU of the Windows host is behind /dev/dxg: ZE_AFFINITY_MASK hides those that "
    "were not asked for, but keeps no program from them";

TEST_F(Wsl, DevicesAreChosenByAMask) {
  store();
  host_.tree.level_zero("full",
                        "device 0000:01:00.0\nid 56a0\nname Arc A770\nmemory 17179869184 1\n"
                        "device 0000:00:02.0\nid a780\nname UHD 770\nintegrated\n");
  const Description found = host_.describe();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.devices.at("intel:0").name, "UHD 770");
  EXPECT_EQ(found.devices.at("intel:1").name, "Arc A770");
  EXPECT_EQ(found.devices.at("intel:1").memory_bytes, 17179869184u);
  EXPECT_EQ(found.devices.at("intel:1").architecture, "xe-hpg");
  EXPECT_THAT(found.nodes.at("intel:1"), ElementsAre("/dev/dxg"));
  EXPECT_THAT(found.values,
              UnorderedElementsAre(Pair("intel:0", ElementsAre("level-zero-devices=0")),
                                   Pair("intel:1", ElementsAre("level-zero-devices=1"))));
  EXPECT_THAT(found.env.at(""), ElementsAre("ZE_AFFINITY_MASK:=${level-zero-devices}",
                                            "ZE_ENABLE_PCI_ID_DEVICE_ORDER=1"));
  EXPECT_THAT(found.notes.at(""), ElementsAre(kWarning));
  const std::string wsl = host_.folder.at("/usr/lib/wsl");
  EXPECT_THAT(found.files.at(""), ElementsAre("1 " + wsl + "/lib/libdxcore.so  libdxcore.so",
                                              "5 " + wsl +
                                                  "/drivers/iigd_dch.inf_amd64_1 "
                                                  "/usr/lib/wsl/drivers/iigd_dch.inf_amd64_1 "));
}

TEST_F(Wsl, WithoutLevelZeroThereIsOneDeviceForAll) {
  store();
  const Description found = host_.describe();
  EXPECT_THAT(found.ids(), ElementsAre("intel:0"));
  EXPECT_EQ(found.devices.at("intel:0").name, "Intel GPU");
  EXPECT_EQ(found.devices.at("intel:0").properties.at("source"), "driver-store");
  EXPECT_THAT(found.env, IsEmpty()) << "there is nothing to choose from";
  EXPECT_THAT(found.notes.at(""), ElementsAre(kWarning));
}

TEST_F(Wsl, AHostWithoutIntelsDriverIsAbsent) {
  host_.tree.file("/usr/lib/wsl/drivers/nv_dispi.inf_amd64_2/nvml.so", "");
  const Description found = host_.describe();
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.conditions.count("stat " + host_.folder.at("/dev/dxg")), 1u);
}

}  // namespace
}  // namespace xpu::test
