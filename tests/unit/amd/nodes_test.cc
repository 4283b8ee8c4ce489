// SPDX-License-Identifier: Apache-2.0
// Device nodes, what is watched, and hosts without GPUs.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/catalog/conditions.h"
#include "tests/unit/amd/world.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Machine, MissingNodesAreNamed) {
  add("0000:03:00.0");
  add("0000:04:00.0");
  make_amd_machine(machine_);
  std::filesystem::remove(tree_.at("/dev/dri/renderD129"));
  Described found = describe(tree_.path());
  EXPECT_TRUE(found.device("amd:0").available) << found.device("amd:0").reason;
  EXPECT_FALSE(found.device("amd:1").available);
  EXPECT_EQ(found.device("amd:1").reason,
            tree_.at("/dev/dri/renderD129") + " does not exist or is no device");
  std::filesystem::remove(tree_.at("/dev/kfd"));
  found = describe(tree_.path());
  EXPECT_EQ(found.device("amd:0").reason, tree_.at("/dev/kfd") + " does not exist or is no device");
}

// Hosts without displays may have no cards.
TEST_F(Machine, ACardIsNotNeeded) {
  add("0000:03:00.0");
  make_amd_machine(machine_);
  std::filesystem::remove(tree_.at("/dev/dri/card0"));
  const Described found = describe(tree_.path());
  EXPECT_TRUE(found.device("amd:0").available) << found.device("amd:0").reason;
  EXPECT_THAT(found.nodes("amd:0"), ElementsAre("/dev/kfd", "/dev/dri/renderD128"));
}

TEST_F(Machine, ANodeOfAnotherDeviceIsNotGiven) {
  add("0000:03:00.0");
  make_amd_machine(machine_);
  const std::string place = tree_.at("/dev/dri/renderD128");
  std::filesystem::remove(place);
  ASSERT_EQ(mknod(place.c_str(), S_IFCHR | 0600, makedev(1, 1)), 0);
  const Described found = describe(tree_.path());
  EXPECT_EQ(found.device("amd:0").reason,
            place + " is device 1:1 and should be 226:128: remove it");
  EXPECT_THAT(found.nodes("amd:0"), ElementsAre("/dev/kfd", "/dev/dri/card0"));
  EXPECT_TRUE(found.watches(ConditionKind::kStat, place));
}

TEST_F(Machine, AGpuWhoseNodesTheKernelDoesNotName) {
  add("0000:03:00.0");
  make_amd_machine(machine_);
  const std::string properties = "/sys/devices/virtual/kfd/kfd/topology/nodes/1/properties";
  tree_.file(properties, "simd_count 4\nsimd_per_cu 4\nlocation_id 1024\ndrm_render_minor 0\n");
  const Described found = describe(tree_.path());
  EXPECT_EQ(found.device("amd:1").pci, "0000:04:00.0");
  EXPECT_EQ(found.device("amd:1").reason, "it has no render node");
}

// What changes while nobody looks is seen by the next container.
TEST_F(Machine, ChangesAreSeen) {
  add("0000:03:00.0").compute_mode = "SPX";
  machine_.gpus[0].memory_mode = "NPS1";
  Described found = describe_it();
  std::vector<Condition> conditions = found.catalog.conditions;
  const auto changed = [&] {
    std::string what;
    return still_valid(conditions, &what) ? std::string() : what;
  };
  take_snapshot(conditions);
  EXPECT_EQ(changed(), "");
  const auto seen = [&](const std::string& inside, const std::string& text) {
    tree_.file(inside, text);
    const std::string what = changed();
    take_snapshot(conditions);
    return what.substr(0, tree_.path().size()) == tree_.path() ? what.substr(tree_.path().size())
                                                               : what;
  };
  const std::string pci = "/sys/bus/pci/devices/0000:03:00.0";
  EXPECT_EQ(seen(pci + "/current_compute_partition", "CPX\n"),
            pci + "/current_compute_partition changed");
  EXPECT_EQ(seen(pci + "/current_memory_partition", "NPS4\n"),
            pci + "/current_memory_partition changed");
  const std::string topology = "/sys/class/kfd/kfd/topology";
  EXPECT_EQ(seen(topology + "/generation_id", "3\n"), topology + "/generation_id changed");
  EXPECT_EQ(seen(topology + "/nodes/2/properties", ""), topology + "/nodes changed");
  EXPECT_EQ(seen("/sys/module/amdgpu/version", "7.0\n"), "/sys/module/amdgpu/version changed");
  EXPECT_EQ(seen("/sys/bus/pci/drivers/amdgpu/0000:04:00.0/x", ""),
            "/sys/bus/pci/drivers/amdgpu changed");
  EXPECT_EQ(seen("/sys/class/drm/renderD129/dev", ""), "/sys/class/drm changed");
  EXPECT_EQ(seen(pci + "/drm/renderD130/dev", ""), pci + "/drm changed");
  EXPECT_EQ(seen("/dev/dri/renderD129", ""), "/dev/dri changed");
  EXPECT_EQ(seen("/opt/rocm/lib/libamd_smi.so", ""), "/opt/rocm/lib/libamd_smi.so appeared");
  std::filesystem::remove(tree_.at("/dev/kfd"));
  EXPECT_EQ(changed(), tree_.at("/dev/kfd is gone"));
}

TEST_F(Machine, WithoutADriver) {
  tree_.folder("/sys/bus/pci/devices");
  Described found = describe(tree_.path());
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error, "the amdgpu driver is not loaded: " +
                             tree_.at("/sys/bus/pci/drivers/amdgpu does not exist"));
  EXPECT_TRUE(found.watches(ConditionKind::kListing, tree_.at("/sys/bus/pci/drivers/amdgpu")))
      << "a driver that is loaded later is noticed";
  const std::string gpu = "/sys/bus/pci/devices/0000:03:00.0";
  tree_.file(gpu + "/vendor", "0x1002\n");
  tree_.file(gpu + "/device", "0x74a1\n");
  tree_.file(gpu + "/class", "0x120000\n");
  tree_.link(gpu + "/driver", "../../../bus/pci/drivers/vfio-pci");
  found = describe(tree_.path());
  EXPECT_EQ(found.error, "the amdgpu driver is not loaded: " +
                             tree_.at("/sys/bus/pci/drivers/amdgpu does not exist; the GPU at "
                                      "0000:03:00.0 is bound to driver vfio-pci"));
  tree_.folder("/sys/bus/pci/drivers/amdgpu");
  found = describe(tree_.path());
  EXPECT_EQ(found.status, XPU_ABSENT);
  EXPECT_EQ(found.error,
            "the amdgpu driver is loaded but has no GPU; the GPU at 0000:03:00.0 is bound to "
            "driver vfio-pci");
}

TEST_F(Machine, TheRootsAreApart) {
  const sdk::test::Tree dev;
  add("0000:03:00.0");
  make_amd_machine(machine_);
  std::filesystem::rename(tree_.at("/dev"), dev.at("/dev"));
  const Described found = describe(tree_.path(), {{"dev-root", dev.path()}});
  EXPECT_TRUE(found.device("amd:0").available) << found.device("amd:0").reason;
  EXPECT_EQ(found.catalog.edits[0].nodes[0].host_path, dev.at("/dev/kfd"));
}

TEST_F(Machine, OptionsAreChecked) {
  add("0000:03:00.0");
  make_amd_machine(machine_);
  for (const char* name : {"driver-root", "dev-root", "sys-root", "rocm-path"}) {
    const Described found = describe(tree_.path(), {{name, "here"}});
    EXPECT_EQ(found.status, XPU_INVALID);
    EXPECT_EQ(found.error,
              std::string("option ") + name + " is \"here\", which is no absolute path");
  }
  const Described found = describe(tree_.path(), {{"inject-drivers", "sometimes"}});
  EXPECT_EQ(found.status, XPU_INVALID);
  EXPECT_EQ(found.error,
            "option inject-drivers is \"sometimes\"; it is one of \"never\", \"missing\" and "
            "\"always\", or true for \"missing\" and false for \"never\"");
  EXPECT_THAT(found.catalog.devices, IsEmpty());
}

}  // namespace
}  // namespace xpu::test
