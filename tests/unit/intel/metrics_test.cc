// SPDX-License-Identifier: Apache-2.0
// What is measured, from sysfs.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/unit/intel/live.h"

namespace xpu::test {
namespace {

class IntelMetrics : public testing::Test {
 protected:
  void SetUp() override { XPU_NEEDS_ROOT(); }
};

std::map<std::string, double> of(const std::map<std::string, double>& all, const std::string& pci) {
  std::map<std::string, double> out;
  for (const auto& [name, value] : all) {
    if (name.rfind(pci + " ", 0) == 0) {
      out[name.substr(pci.size() + 1)] = value;
    }
  }
  return out;
}

using Values = std::map<std::string, double>;

TEST_F(IntelMetrics, OfXe) {
  Machine machine("laptop");
  const std::string pci = "0000:03:00.0", gt = "tile0/gt0/freq0", media = "tile0/gt1/freq0";
  const std::map<std::string, std::string> files = {
      {gt + "/act_freq", "2400\n"},
      {gt + "/max_freq", "2850\n"},
      {gt + "/throttle/status", "1\n"},
      {gt + "/throttle/reason_pl1", "1\n"},
      {gt + "/throttle/reason_thermal", "0\n"},
      {gt + "/throttle/reason_vr_tdc", "0\n"},
      {media + "/act_freq", "0\n"},
      {media + "/throttle/reason_vr_thermalert", "1\n"},
      {"hwmon/hwmon3/name", "xe\n"},
      {"hwmon/hwmon3/energy1_input", "5000000\n"},
      {"hwmon/hwmon3/power1_max", "190000000\n"},
      {"hwmon/hwmon3/temp2_input", "61000\n"},
      {"hwmon/hwmon3/temp2_label", "pkg\n"},
      {"hwmon/hwmon3/temp3_input", "-4500\n"},
      {"aer_dev_correctable", "RxErr 1\nTOTAL_ERR_COR 3\n"},
      {"power/runtime_status", "active\n"}};
  for (const auto& [name, text] : files) {
    machine.tree.attribute(pci, name, text);
  }
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  EXPECT_EQ(of(live.sample(), pci), (Values{{"memory-total", 12809404416},
                                            {"clock compute", 2400e6},
                                            {"clock-limit compute", 2850e6},
                                            {"clock media", 0},
                                            {"throttled power", 1},
                                            {"throttled thermal", 1},
                                            {"throttled hardware", 0},
                                            {"energy", 5},
                                            {"power-limit", 190},
                                            {"temperature core", 61},
                                            {"temperature memory", -4.5},
                                            {"errors pcie-corrected", 3}}));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  machine.tree.attribute(pci, "hwmon/hwmon3/energy1_input", "15000000\n");
  const auto second = of(live.sample(), pci);
  EXPECT_EQ(second.at("energy"), 15);
  EXPECT_LE(second.at("power"), 50);
  EXPECT_GT(second.at("power"), 2);
  machine.tree.attribute(pci, "hwmon/hwmon3/energy1_input", "1\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(of(live.sample(), pci).count("power"), 0u) << "the counter began anew";
}

TEST_F(IntelMetrics, DoNotWakeADeviceThatSleeps) {
  Machine machine("laptop");
  machine.tree.attribute("0000:03:00.0", "tile0/gt0/freq0/act_freq", "2400\n");
  machine.tree.attribute("0000:03:00.0", "power/runtime_status", "suspended\n");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  EXPECT_EQ(of(live.sample(), "0000:03:00.0"), (Values{{"memory-total", 12809404416}}));
}

TEST_F(IntelMetrics, OfI915) {
  Machine machine("max");
  const std::string pci = "0000:18:00.0";
  for (const char* tile : {"0", "1"}) {
    const std::string gt = std::string("gt/gt") + tile;
    machine.tree.card_attribute(0, gt + "/rps_act_freq_mhz", "1600\n");
    machine.tree.card_attribute(0, gt + "/throttle_reason_status", "1\n");
    machine.tree.card_attribute(0, gt + "/throttle_reason_prochot",
                                tile == std::string("1") ? "1\n" : "0\n");
  }
  machine.tree.card_attribute(0, "lmem_avail_bytes", "137438953372\n");
  machine.tree.attribute(pci, "hwmon/hwmon1/name", "i915_gt0\n");
  machine.tree.attribute(pci, "hwmon/hwmon1/energy1_input", "1\n");
  machine.tree.attribute(pci, "hwmon/hwmon2/name", "i915\n");
  machine.tree.attribute(pci, "hwmon/hwmon2/energy1_input", "7000000\n");
  machine.tree.attribute(pci, "hwmon/hwmon2/power1_max", "0\n");
  machine.tree.attribute(pci, "hwmon/hwmon2/temp1_input", "40000\n");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  EXPECT_EQ(of(live.sample(), pci), (Values{{"memory-total", 137438953472},
                                            {"memory-used", 100},
                                            {"clock compute.tile0", 1600e6},
                                            {"clock compute.tile1", 1600e6},
                                            {"throttled hardware", 1},
                                            {"energy", 7},
                                            {"temperature core", 40}}));
}

TEST_F(IntelMetrics, OfAnOlderKernelWithI915) {
  Machine machine("flex");
  machine.tree.card_attribute(0, "gt_act_freq_mhz", "300\n");
  machine.tree.card_attribute(0, "gt_max_freq_mhz", "2050\n");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  const auto all = of(live.sample(), "0000:4d:00.0");
  EXPECT_EQ(all.at("clock compute"), 300e6);
  EXPECT_EQ(all.at("clock-limit compute"), 2050e6);
}

TEST_F(IntelMetrics, OfLevelZero) {
  Machine machine("laptop");
  const std::string pci = "0000:03:00.0", begin = "device 0000:03:00.0\nmemory 12000 1 9000\n";
  const auto say = [&](const std::string& words) {
    machine.tree.file("/usr/lib/x86_64-linux-gnu/fake-ze.conf", begin + words);
  };
  machine.tree.level_zero("full", "init 0\n");
  // Compute engines one by one and all together; copy engines of two tiles; of the device, and of
  // its tiles, render engines; a kind that nobody knows.
  say("engine 4 -1 1 9\nengine 1 -1 2000000 10000000\nengine 4 -1 3 9\n"
      "engine 8 0 1000000 500\nengine 8 1 500000 700\n"
      "engine 12 0 7 9\nengine 12 -1 0 9\nengine 99 -1 1 1\n"
      "ras 0 0 0 0 0 0 4 0\nras 1 2 0 0 1 0 0 0\nras 1 3 0 0 0 0 0 1\n");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  const Values errors = {{"errors reset-corrected", 0},       {"errors reset-uncorrected", 5},
                         {"errors programming-corrected", 0}, {"errors programming-uncorrected", 0},
                         {"errors driver-corrected", 0},      {"errors driver-uncorrected", 0},
                         {"errors compute-corrected", 0},     {"errors compute-uncorrected", 1},
                         {"errors non-compute-corrected", 0}, {"errors non-compute-uncorrected", 0},
                         {"errors cache-corrected", 4},       {"errors cache-uncorrected", 0},
                         {"errors display-corrected", 0},     {"errors display-uncorrected", 1}};
  Values expected = errors;
  expected.merge(Values{{"memory-total", 12809404416},
                        {"memory-used", 3000},
                        {"engine-time compute", 2},
                        {"engine-time copy", 1.5},
                        {"engine-time render", 0},
                        {"clock compute", 0}});
  EXPECT_EQ(of(live.sample(), pci), expected);
  // Tile 0 was busy for 200 of 400 microseconds, tile 1 for all of 400; the render engine's clock
  // stands still.
  say("engine 4 -1 1 9\nengine 1 -1 2000000 11000000\nengine 4 -1 3 9\n"
      "engine 8 0 1000200 900\nengine 8 1 500400 1100\n"
      "engine 12 0 7 9\nengine 12 -1 0 9\nengine 99 -1 1 1\n"
      "ras 0 0 0 0 0 0 4 0\nras 1 2 0 0 1 0 0 0\nras 1 3 0 0 0 0 0 1\n");
  const auto second = of(live.sample(), pci);
  EXPECT_EQ(second.at("utilisation compute"), 0);
  EXPECT_EQ(second.at("utilisation copy"), 0.75);
  EXPECT_EQ(second.count("utilisation render"), 0u);
  EXPECT_DOUBLE_EQ(second.at("engine-time copy"), 1.5006);
  // A device that is lost.
  std::filesystem::remove(machine.folder.at("/usr/lib/x86_64-linux-gnu/fake-ze.conf"));
  EXPECT_EQ(of(live.sample(), pci), (Values{{"memory-total", 12809404416}, {"clock compute", 0}}));
}

TEST_F(IntelMetrics, OfLevelZeroWhereSysfsDoesNotKnowTheMemory) {
  Machine machine("mixed");
  machine.tree.level_zero("full",
                          "device 0000:04:00.0\nmemory ~500 1 100\nmemory 500 1 500\n"
                          "system 77\n");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  EXPECT_EQ(of(live.sample(), "0000:04:00.0"),
            (Values{{"memory-total", 1000}, {"memory-used", 400}}));
  machine.tree.attribute("0000:04:00.0", "power/runtime_status", "suspended\n");
  EXPECT_EQ(of(live.sample(), "0000:04:00.0"), Values()) << "it is not woken up";
}

TEST_F(IntelMetrics, CountersThatKeepADeviceAwake) {
  Machine machine("laptop");
  const std::string words = "\nmemory 9 1 4\nengine 1 -1 1000000 1\nras 0 0 0 0 0 0 4 0\n";
  machine.tree.level_zero("full", "device 0000:03:00.0" + words + "device 0000:00:02.0" + words);
  const auto sampled = [&](const std::string& control, const std::string& use) {
    for (const char* pci : {"0000:03:00.0", "0000:00:02.0"}) {
      machine.tree.attribute(pci, "power/control", control + "\n");
    }
    Live live(machine.folder.path(), {{"sysman-metrics", use}});
    EXPECT_EQ(live.start_sampling(), XPU_OK) << live.error;
    const auto all = live.sample();
    std::string out;
    for (const char* pci : {"0000:03:00.0", "0000:00:02.0"}) {
      for (const char* key : {" memory-used", " engine-time compute", " errors cache-corrected"}) {
        out += std::to_string(all.count(pci + std::string(key)));
      }
      out += " ";
    }
    return out;
  };
  EXPECT_EQ(sampled("on", "awake"), "111 111 ");
  EXPECT_EQ(sampled("auto", "awake"), "100 111 ") << "xe, i915";
  EXPECT_EQ(sampled("auto", "always"), "111 111 ");
  EXPECT_EQ(sampled("on", "never"), "000 000 ");
  Live live(machine.folder.path(), {{"sysman-metrics", "yes"}});
  EXPECT_EQ(live.start_sampling(), XPU_INVALID);
  EXPECT_EQ(live.error,
            "option sysman-metrics is \"yes\"; it is one of \"never\", \"awake\" and \"always\"");
}

TEST_F(IntelMetrics, WithoutLevelZeroThatIsSaidOnce) {
  Machine machine("laptop");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  live.sample();
  EXPECT_THAT(live.log, testing::ElementsAre("Level Zero Sysman does not answer "
                                             "(libze_loader.so.1 is not below " +
                                             machine.folder.path() +
                                             "): GPUs are measured as far as sysfs tells"));
  // It is looked for anew when devices come.
  machine.tree.level_zero("full", "device 0000:03:00.0\nengine 1 -1 5000000 1\n");
  EXPECT_EQ(of(live.sample(), "0000:03:00.0").count("engine-time compute"), 0u);
  machine.tree.pci("0000:09:00.0", 0x8086, 0xe20b, 0x030000, "xe");
  machine.tree.drm("0000:09:00.0", 7);
  EXPECT_EQ(of(live.sample(), "0000:03:00.0").at("engine-time compute"), 5);
  EXPECT_EQ(live.log.size(), 1u);
}

TEST_F(IntelMetrics, OfNpus) {
  Machine machine("laptop");
  const std::string pci = "0000:00:0b.0";
  machine.tree.attribute(pci, "npu_busy_time_us", "3500000\n");
  machine.tree.attribute(pci, "npu_memory_utilization", "4096\n");
  machine.tree.attribute(pci, "npu_current_frequency_mhz", "950\n");
  machine.tree.attribute(pci, "npu_max_frequency_mhz", "1850\n");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  EXPECT_EQ(of(live.sample(), pci), (Values{{"engine-time compute", 3.5},
                                            {"memory-used", 4096},
                                            {"clock compute", 950e6},
                                            {"clock-limit compute", 1850e6}}));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  machine.tree.attribute(pci, "npu_busy_time_us", "3600000\n");
  const double ratio = of(live.sample(), pci).at("utilisation compute");
  EXPECT_GT(ratio, 0.02);
  EXPECT_LE(ratio, 0.5);
}

TEST_F(IntelMetrics, OfGaudis) {
  Machine machine("gaudi");
  const std::string pci = "0000:10:00.0";
  machine.tree.attribute(pci, "clk_cur_freq_mhz", "1650\n");
  machine.tree.attribute(pci, "hard_reset_cnt", "2\n");
  machine.tree.attribute(pci, "hwmon/hwmon0/name", "habanalabs\n");
  machine.tree.attribute(pci, "hwmon/hwmon0/power1_input", "300000000\n");
  machine.tree.attribute(pci, "hwmon/hwmon0/temp1_input", "30000\n");
  machine.tree.attribute(pci, "hwmon/hwmon0/temp2_input", "x\n");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  EXPECT_EQ(of(live.sample(), pci), (Values{{"clock compute", 1650e6},
                                            {"errors hard-reset", 2},
                                            {"power", 300},
                                            {"temperature sensor1", 30}}));
}

TEST_F(IntelMetrics, ADeviceThatGoesIsNotMeasured) {
  Machine machine("mixed");
  Live live(machine.folder.path());
  ASSERT_EQ(live.start_sampling(), XPU_OK) << live.error;
  machine.tree.attribute("0000:04:00.0", "tile0/gt0/freq0/act_freq", "5\n");
  EXPECT_EQ(of(live.sample(), "0000:04:00.0").size(), 1u);
  for (const char* node : {"card1", "renderD129"}) {
    std::filesystem::remove(machine.folder.at(std::string("/sys/class/drm/") + node));
  }
  EXPECT_EQ(of(live.sample(), "0000:04:00.0").size(), 0u);
}

}  // namespace
}  // namespace xpu::test
