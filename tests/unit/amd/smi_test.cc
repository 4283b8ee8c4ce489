// SPDX-License-Identifier: Apache-2.0
// With the management libraries: fakes at their C ABI, made of a description of the machine.
#include "backends/amd/smi.h"

#include <dlfcn.h>

#include "backends/amd/amd_smi_abi.h"
#include "backends/amd/rocm_smi_abi.h"
#include "sdk/helpers/elf.h"
#include "tests/unit/amd/world.h"
#if __has_include(<rocm_smi/rocm_smi.h>)
#include <rocm_smi/rocm_smi.h>
#define HAS_ROCM_SMI 1
#endif

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Smi : public Machine {
 protected:
  void SetUp() override {
    Machine::SetUp();
    add("0000:03:00.0").product_name = "the kernel's name";
    add("0000:04:00.0").uncorrectable = 5;
    machine_.smi_conf =
        "gpu 0000:03:00.0\nname AMD Instinct MI210\nuuid d8ff740f-0000-1000-806b-2ac1ea2cb5ac\n"
        "errors 1\n"
        "gpu 0000:04:00.0\nname AMD Instinct MI210 B\nuuid 1dff740f-0000-1000-8043-44d36d1a0a6f\n"
        "errors 0\n";
  }
};

TEST_F(Smi, AmdSmiAddsNamesAndHealth) {
  machine_.amd_smi = XPU_FAKE_AMD_SMI;
  machine_.rocm_smi = XPU_FAKE_ROCM_SMI;
  const Described found = describe_it();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(found.catalog.properties, Contains(std::pair("source", "amd-smi")));
  EXPECT_EQ(found.device("amd:0").name, "AMD Instinct MI210");
  EXPECT_EQ(found.device("amd:1").name, "AMD Instinct MI210 B");
  EXPECT_EQ(property(found.device("amd:0"), "health"), "degraded");
  EXPECT_EQ(property(found.device("amd:1"), "health"), "ok") << "the library's word counts";
  EXPECT_THAT(found.device("amd:0").aliases, ElementsAre("d8ff740f-0000-1000-806b-2ac1ea2cb5ac"));
  EXPECT_EQ(found.device("amd:0").memory_bytes, 68702699520u) << "the kernel's";
  EXPECT_THAT(found.log, IsEmpty());
}

TEST_F(Smi, AnOldAmdSmiToo) {
  machine_.amd_smi = XPU_FAKE_AMD_SMI_OLD;
  const Described found = describe_it();
  EXPECT_THAT(found.catalog.properties, Contains(std::pair("source", "amd-smi")));
  EXPECT_EQ(found.device("amd:1").name, "AMD Instinct MI210 B");
  EXPECT_EQ(property(found.device("amd:1"), "health"), "degraded") << "the kernel's";
  EXPECT_THAT(found.device("amd:0").aliases, IsEmpty());
}

TEST_F(Smi, RocmSmiWhereThereIsNoAmdSmi) {
  machine_.rocm_smi = XPU_FAKE_ROCM_SMI;
  const Described found = describe_it();
  EXPECT_THAT(found.catalog.properties, Contains(std::pair("source", "rocm-smi")));
  EXPECT_EQ(found.device("amd:0").name, "AMD Instinct MI210");
  EXPECT_EQ(property(found.device("amd:0"), "health"), "degraded");
  EXPECT_EQ(property(found.device("amd:1"), "health"), "ok");
}

TEST_F(Smi, RocmSmiWhereAmdSmiFails) {
  machine_.amd_smi = XPU_FAKE_AMD_SMI;
  machine_.rocm_smi = XPU_FAKE_ROCM_SMI;
  make_amd_machine(machine_);
  // The description is AMD SMI's too: only a library that is none fails alone.
  std::filesystem::copy_file(XPU_FAKE_EMPTY, tree_.at("/opt/rocm/lib/libamd_smi.so.1.0"),
                             std::filesystem::copy_options::overwrite_existing);
  const Described found = describe(tree_.path());
  EXPECT_THAT(found.catalog.properties, Contains(std::pair("source", "rocm-smi")));
  EXPECT_THAT(found.log, ElementsAre("2 " + tree_.at("/opt/rocm/lib/libamd_smi.so.1.0") +
                                     " has no function amdsmi_init: rocm-smi is used"));
}

TEST_F(Smi, TheKernelWhereBothFail) {
  machine_.smi_conf = "init 34\n" + machine_.smi_conf;
  machine_.amd_smi = XPU_FAKE_AMD_SMI;
  machine_.rocm_smi = XPU_FAKE_ROCM_SMI;
  const Described found = describe_it();
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_THAT(found.catalog.properties, Contains(std::pair("source", "sysfs")));
  EXPECT_EQ(found.device("amd:0").name, "the kernel's name");
  EXPECT_EQ(property(found.device("amd:1"), "health"), "degraded");
  EXPECT_THAT(found.log,
              ElementsAre("2 " + tree_.at("/opt/rocm/lib/libamd_smi.so.1.0") +
                          ": amdsmi_init: AMDSMI_STATUS_DRIVER_NOT_LOADED - Driver not loaded; " +
                          tree_.at("/opt/rocm/lib/librocm_smi64.so.1.0") +
                          ": rsmi_init: error 34: names and health are the kernel's"));
}

TEST_F(Smi, AFileThatIsNoLibraryIsPassedOver) {
  make_amd_machine(machine_);
  tree_.file("/opt/rocm/lib/libamd_smi.so", "INPUT(libamd_smi.so.26)");
  const Described found = describe(tree_.path());
  EXPECT_THAT(found.catalog.properties, Contains(std::pair("source", "sysfs")));
  EXPECT_THAT(found.log, IsEmpty());
}

TEST_F(Smi, ThroughTheLoadersCache) {
  machine_.amd_smi = XPU_FAKE_AMD_SMI;
  make_amd_machine(machine_);
  std::filesystem::create_directories(tree_.at("/usr/lib"));
  std::filesystem::rename(tree_.at("/opt/rocm/lib"), tree_.at("/usr/lib/smi"));
  std::filesystem::rename(tree_.at("/usr/lib/smi/libamd_smi.so.1.0"),
                          tree_.at("/usr/lib/smi/libamd_smi.so.26"));
  tree_.file("/etc/ld.so.conf", "/usr/lib/smi\n");
  ASSERT_EQ(std::system(("ldconfig -X -r " + tree_.path()).c_str()), 0);
  const Described found = describe(tree_.path());
  EXPECT_THAT(found.catalog.properties, Contains(std::pair("source", "amd-smi")));
  EXPECT_EQ(found.device("amd:0").name, "AMD Instinct MI210");
}

TEST_F(Smi, NamesThatSayNothingAreNotTaken) {
  machine_.smi_conf = "gpu 0000:03:00.0\nname 0x740f\nuuid N/A\ngpu 0000:04:00.0\nname N/A\n";
  machine_.rocm_smi = XPU_FAKE_ROCM_SMI;
  const Described found = describe_it();
  EXPECT_EQ(found.device("amd:0").name, "the kernel's name");
  EXPECT_EQ(found.device("amd:1").name, "AMD gfx90a GPU");
  EXPECT_THAT(found.device("amd:0").aliases, IsEmpty());
}

// GPUs that only the library has are another machine's, as in a test tree: the kernel decides.
TEST_F(Smi, DoesNotAddDevices) {
  machine_.smi_conf = "gpu 0000:99:00.0\nname another\n";
  machine_.amd_smi = XPU_FAKE_AMD_SMI;
  EXPECT_THAT(describe_it().ids(), ElementsAre("amd:0", "amd:1"));
}

TEST_F(Smi, OfADividedGpuTheFirstPartSpeaks) {
  machine_.gpus.resize(1);
  machine_.gpus[0].compute_mode = "DPX";
  machine_.gpus[0].memory_mode = "NPS1";
  machine_.gpus[0].parts = 2;
  machine_.smi_conf =
      "gpu 0000:03:00.0\nname AMD Instinct MI300X\ngpu 0000:03:00.0 1\nname a part\n";
  for (const char* library : {XPU_FAKE_AMD_SMI, XPU_FAKE_ROCM_SMI}) {
    const sdk::test::Tree tree;
    machine_.root = tree.path();
    machine_.amd_smi = library == std::string(XPU_FAKE_AMD_SMI) ? library : "";
    machine_.rocm_smi = machine_.amd_smi.empty() ? library : "";
    make_amd_machine(machine_);
    const Described found = describe(tree.path());
    EXPECT_EQ(found.device("amd:0").name, "AMD Instinct MI300X") << library;
    EXPECT_EQ(found.device("amd:0:1").name, "AMD Instinct MI300X DPX partition");
  }
}

// libudev is what tells of GPUs that come and go.
TEST(Library, ExportsOneSymbolAndNeedsOnlyLibcAndLibudev) {
  EXPECT_EQ(sdk::test::output_of("nm -D --defined-only --format=just-symbols " XPU_AMD_LIBRARY),
            "xpu_backend_entry\n");
#if !defined(__SANITIZE_ADDRESS__)
  const auto elf = sdk::read_elf(sdk::Root("/"), XPU_AMD_LIBRARY);
  ASSERT_TRUE(elf);
  for (const std::string& name : elf->needed) {
    EXPECT_TRUE(name == "libc.so.6" || name == "libudev.so.1" || name == "libm.so.6" ||
                name.rfind("ld-linux", 0) == 0)
        << name;
  }
#endif
}

// AMD SMI is in no Debian release that we build on. What is known of its ABI is the public header:
// buffers must be larger than the structures of any release.
TEST(Abi, OfAmdSmiHasRoomToGrow) {
  EXPECT_GE(sizeof(amd::amdsmi::AsicInfo), 1024u);
  EXPECT_GE(sizeof(amd::amdsmi::ErrorCount), 128u);
  EXPECT_EQ(offsetof(amd::amdsmi::AsicInfo, market_name), 0u);
  EXPECT_EQ(offsetof(amd::amdsmi::ErrorCount, uncorrectable), 8u);
}

TEST(Abi, OfRocmSmiIsThatOfItsHeader) {
#ifndef HAS_ROCM_SMI
  GTEST_SKIP() << "librocm-smi-dev is not installed";
#else
  namespace ours = amd::rsmi;
  static_assert(sizeof(rsmi_status_t) == sizeof(ours::Status));
  static_assert(RSMI_STATUS_SUCCESS == ours::kSuccess);
  static_assert(sizeof(rsmi_gpu_block_t) == sizeof(std::uint64_t));
  static_assert(RSMI_GPU_BLOCK_FIRST == ours::kFirstBlock);
  static_assert(RSMI_GPU_BLOCK_LAST == ours::kLastBlock);
  static_assert(offsetof(rsmi_error_count_t, correctable_err) ==
                offsetof(ours::ErrorCount, correctable));
  static_assert(offsetof(rsmi_error_count_t, uncorrectable_err) ==
                offsetof(ours::ErrorCount, uncorrectable));
  static_assert(sizeof(rsmi_error_count_t) <= sizeof(ours::ErrorCount));
  // An enumeration of C is passed as the number of its size.
  static_assert(std::is_same_v<decltype(&rsmi_init), rsmi_status_t (*)(std::uint64_t)>);
  static_assert(std::is_same_v<decltype(&rsmi_shut_down), rsmi_status_t (*)()>);
  static_assert(
      std::is_same_v<decltype(&rsmi_num_monitor_devices), rsmi_status_t (*)(std::uint32_t*)>);
  static_assert(std::is_same_v<decltype(&rsmi_dev_pci_id_get),
                               rsmi_status_t (*)(std::uint32_t, std::uint64_t*)>);
  static_assert(std::is_same_v<decltype(&rsmi_dev_name_get),
                               rsmi_status_t (*)(std::uint32_t, char*, std::size_t)>);
  static_assert(
      std::is_same_v<decltype(&rsmi_dev_ecc_count_get),
                     rsmi_status_t (*)(std::uint32_t, rsmi_gpu_block_t, rsmi_error_count_t*)>);
  static_assert(std::is_same_v<decltype(&rsmi_status_string),
                               rsmi_status_t (*)(rsmi_status_t, const char**)>);
#endif
}

TEST(Abi, OfRocmSmiIsThatOfItsLibrary) {
  // By path: a stand-in of another test may have been loaded under the name.
  std::string path;
  for (const char* folder : {"/usr/lib/", "/usr/lib/x86_64-linux-gnu/"}) {
    if (std::filesystem::exists(std::string(folder) + "librocm_smi64.so.1")) {
      path = std::string(folder) + "librocm_smi64.so.1";
    }
  }
  if (path.empty()) {
    GTEST_SKIP() << "librocm-smi64 is not installed";
  }
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  namespace ours = amd::rsmi;
  for (const char* name : {ours::kInit, ours::kShutDown, ours::kGetCount, ours::kGetPciId,
                           ours::kGetName, ours::kGetErrorCount, ours::kGetStatusText}) {
    EXPECT_NE(dlsym(library, name), nullptr) << name;
  }
  // The real library, as our reader calls it. What it finds is this machine's affair.
  try {
    for (const amd::SmiGpu& gpu : amd::ask_rocm_smi(path)) {
      EXPECT_EQ(gpu.pci.size(), 12u) << gpu.pci;
    }
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr(path + ": rsmi_init: "));
  }
}

}  // namespace
}  // namespace xpu::test
