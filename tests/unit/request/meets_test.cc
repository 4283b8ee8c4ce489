// SPDX-License-Identifier: Apache-2.0
// Devices against tests.
#include <gtest/gtest.h>

#include "core/request/tests.h"

namespace xpu {
namespace {

using Key = xpu::Test::Key;
using Op = xpu::Test::Op;

Device anvil() {
  Device device;
  device.id = "acme:0";
  device.vendor = "acme";
  device.name = "Acme Anvil A100-80GB";
  device.memory_bytes = 16ULL << 30;
  device.architecture = "8.6";
  device.driver = "535.129.03";
  device.numa_node = 1;
  return device;
}

// What keeps the device from meeting the test; "" for nothing.
std::string obstacle(const Device& device, Key key, Op op, std::vector<std::string> values,
                     const std::string& source = "TEST") {
  std::string why;
  return meets({key, op, std::move(values), source}, device, &why) ? "" : why;
}

TEST(Meets, ComparesMemory) {
  const std::string exactly = std::to_string(16ULL << 30);
  EXPECT_EQ(obstacle(anvil(), Key::kMemory, Op::kAtLeast, {exactly}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kMemory, Op::kAtMost, {exactly}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kMemory, Op::kMore, {exactly}, "vram>16GiB"),
            "has 17179869184 bytes of memory; vram>16GiB asks for more than 17179869184 bytes");
  EXPECT_EQ(obstacle(anvil(), Key::kMemory, Op::kAtLeast, {"24000000000"}, "XPU_MIN_VRAM=24GB"),
            "has 16.0 GiB of memory; XPU_MIN_VRAM=24GB asks for at least 22.3 GiB");
  EXPECT_EQ(obstacle(anvil(), Key::kMemory, Op::kLess, {"8000000000"}, "vram<8GB"),
            "has 16.0 GiB of memory; vram<8GB asks for less than 7.4 GiB");
  EXPECT_EQ(obstacle(anvil(), Key::kMemory, Op::kAtMost, {"8000000000"}, "vram<=8GB"),
            "has 16.0 GiB of memory; vram<=8GB asks for at most 7.4 GiB");
}

TEST(Meets, NothingThatIsNotKnown) {
  Device unknown;
  unknown.vendor = "acme";
  for (const Op op : {Op::kAtLeast, Op::kLess, Op::kNotEqual, Op::kEqual}) {
    EXPECT_EQ(obstacle(unknown, Key::kMemory, op, {"0"}), "has no known memory; TEST asks for one");
    EXPECT_EQ(obstacle(unknown, Key::kArchitecture, op, {"9.0"}),
              "has no known architecture; TEST asks for one");
    EXPECT_EQ(obstacle(unknown, Key::kDriver, op, {"5"}), "has no known driver; TEST asks for one");
    EXPECT_EQ(obstacle(unknown, Key::kNumaNode, op, {"0"}),
              "has no known NUMA node; TEST asks for one");
    EXPECT_EQ(obstacle(unknown, Key::kModel, op, {"x"}), "has no known model; TEST asks for one");
  }
}

TEST(Meets, ComparesNames) {
  EXPECT_EQ(obstacle(anvil(), Key::kVendor, Op::kEqual, {"globex", "acme"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kVendor, Op::kEqual, {"globex"}, "XPU_DEVICE_TYPE=globex"),
            "has the vendor acme; XPU_DEVICE_TYPE=globex asks for another");
  EXPECT_EQ(obstacle(anvil(), Key::kVendor, Op::kNotEqual, {"globex", "beta"}), "");
  EXPECT_NE(obstacle(anvil(), Key::kVendor, Op::kNotEqual, {"globex", "acme"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kKind, Op::kEqual, {"gpu"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kKind, Op::kEqual, {"npu"}, "kind=npu"),
            "has the kind gpu; kind=npu asks for another");
  EXPECT_EQ(obstacle(anvil(), Key::kModel, Op::kEqual, {"*a100*"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kModel, Op::kEqual, {"a100", "Acme Anvil *"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kModel, Op::kEqual, {"a100"}, "model=a100"),
            "has the model Acme Anvil A100-80GB; model=a100 asks for another");
  EXPECT_NE(obstacle(anvil(), Key::kModel, Op::kNotEqual, {"*anvil*"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kModel, Op::kNotEqual, {"*hammer*"}), "");
}

TEST(Meets, ComparesVersionsAndNumbers) {
  EXPECT_EQ(obstacle(anvil(), Key::kDriver, Op::kAtLeast, {"535"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kDriver, Op::kEqual, {"535.129.3"}), "");
  EXPECT_EQ(obstacle(anvil(), Key::kDriver, Op::kLess, {"535.9"}, "driver<535.9"),
            "has the driver 535.129.03; driver<535.9 asks for another");
  EXPECT_EQ(obstacle(anvil(), Key::kNumaNode, Op::kEqual, {"0", "1"}), "");
  EXPECT_NE(obstacle(anvil(), Key::kNumaNode, Op::kMore, {"1"}), "");
  Device other = anvil();
  other.driver = "6.8.0-41-generic";
  EXPECT_EQ(obstacle(other, Key::kDriver, Op::kMore, {"6.7"}), "");
  other.driver = "unversioned";
  EXPECT_NE(obstacle(other, Key::kDriver, Op::kMore, {"6.7"}), "");
}

TEST(Architectures, HaveAnOrderInTheirFamily) {
  const auto order = [](std::string_view a, std::string_view b) {
    const std::optional<int> one = compare_architectures(a, b), two = compare_architectures(b, a);
    EXPECT_EQ(one.has_value(), two.has_value()) << a << " " << b;
    EXPECT_EQ(one.value_or(0), -two.value_or(0)) << a << " " << b;
    return !one ? '?' : *one < 0 ? '<' : *one > 0 ? '>' : '=';
  };
  EXPECT_EQ(order("sm_90", "9.0"), '=');
  EXPECT_EQ(order("SM_90a", "9.0"), '=');
  EXPECT_EQ(order("sm_100", "9.0"), '>');
  EXPECT_EQ(order("sm_121", "12.1"), '=');
  EXPECT_EQ(order("8.6", "sm_90"), '<');
  EXPECT_EQ(order("9", "9.0"), '=');
  EXPECT_EQ(order("gfx942", "gfx90a"), '>');
  EXPECT_EQ(order("gfx1100", "GFX942"), '>');
  EXPECT_EQ(order("gfx90A", "gfx90a"), '=');
  EXPECT_EQ(order("gfx942", "sm_90"), '?');
  EXPECT_EQ(order("gfx942", "9.0"), '?');
  EXPECT_EQ(order("xe-hpc", "XE-HPC"), '=');
  EXPECT_EQ(order("xe-hpc", "xe-hpg"), '?');
  EXPECT_EQ(order("sm_", "sm_9"), '?');
  EXPECT_EQ(order("gfx", "gfxzz"), '?');
  EXPECT_EQ(order("", "9.0"), '?');
  for (const char* name : {"sm_75", "9.0", "gfx90a", "12"}) {
    EXPECT_TRUE(has_order(name)) << name;
  }
  for (const char* name : {"", "sm_", "sm_9", "gfx", "gfx11-generic", "xe-hpc", "anvil2"}) {
    EXPECT_FALSE(has_order(name)) << name;
  }
}

TEST(Architectures, OfOtherFamiliesAreOther) {
  Device device = anvil();
  device.architecture = "gfx942";
  EXPECT_EQ(obstacle(device, Key::kArchitecture, Op::kAtLeast, {"sm_70"}, "XPU_MIN_ARCH=sm_70"),
            "has the architecture gfx942; XPU_MIN_ARCH=sm_70 asks for another");
  EXPECT_NE(obstacle(device, Key::kArchitecture, Op::kLess, {"sm_70"}), "");
  EXPECT_NE(obstacle(device, Key::kArchitecture, Op::kEqual, {"sm_70"}), "");
  EXPECT_EQ(obstacle(device, Key::kArchitecture, Op::kNotEqual, {"sm_70"}), "");
  EXPECT_EQ(obstacle(device, Key::kArchitecture, Op::kEqual, {"sm_70", "GFX942"}), "");
  EXPECT_EQ(obstacle(device, Key::kArchitecture, Op::kMore, {"gfx90a"}), "");
}

TEST(Contradictions, AreTestsThatNoDeviceCanMeetTogether) {
  const auto test = [](Key key, Op op, std::vector<std::string> values) {
    return xpu::Test{key, op, std::move(values), ""};
  };
  const auto both = [](const xpu::Test& a, const xpu::Test& b) {
    EXPECT_EQ(contradict(a, b), contradict(b, a));
    return contradict(a, b);
  };
  EXPECT_TRUE(
      both(test(Key::kMemory, Op::kAtLeast, {"24"}), test(Key::kMemory, Op::kAtMost, {"8"})));
  EXPECT_FALSE(
      both(test(Key::kMemory, Op::kAtLeast, {"8"}), test(Key::kMemory, Op::kAtMost, {"8"})));
  EXPECT_TRUE(both(test(Key::kMemory, Op::kMore, {"8"}), test(Key::kMemory, Op::kAtMost, {"8"})));
  EXPECT_FALSE(
      both(test(Key::kMemory, Op::kAtLeast, {"8"}), test(Key::kMemory, Op::kMore, {"16"})));
  EXPECT_TRUE(
      both(test(Key::kVendor, Op::kEqual, {"a", "b"}), test(Key::kVendor, Op::kEqual, {"c"})));
  EXPECT_FALSE(
      both(test(Key::kVendor, Op::kEqual, {"a", "b"}), test(Key::kVendor, Op::kEqual, {"b", "c"})));
  EXPECT_TRUE(
      both(test(Key::kVendor, Op::kEqual, {"a"}), test(Key::kVendor, Op::kNotEqual, {"a"})));
  EXPECT_FALSE(
      both(test(Key::kVendor, Op::kEqual, {"a"}), test(Key::kArchitecture, Op::kEqual, {"b"})));
  EXPECT_TRUE(both(test(Key::kArchitecture, Op::kEqual, {"sm_80"}),
                   test(Key::kArchitecture, Op::kAtLeast, {"9.0"})));
  EXPECT_TRUE(both(test(Key::kArchitecture, Op::kAtLeast, {"gfx90a"}),
                   test(Key::kArchitecture, Op::kLess, {"9.0"})));
  EXPECT_FALSE(both(test(Key::kModel, Op::kEqual, {"a*"}), test(Key::kModel, Op::kEqual, {"*b"})));
}

}  // namespace
}  // namespace xpu
