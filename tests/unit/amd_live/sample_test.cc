// SPDX-License-Identifier: Apache-2.0
// What is measured, out of files as the kernel has them.
#include "tests/fakes/amd_machine/sensors.h"
#include "tests/unit/amd_live/live.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kPci = "0000:03:00.0";

class Sampling : public LiveMachine {
 protected:
  void start_sampling() {
    make_amd_machine(machine_);
    live_ = std::make_unique<Live>(tree_.path(), std::map<std::string, std::string>());
    ASSERT_EQ(live_->start_sampling(), XPU_OK) << live_->error();
  }
  std::filesystem::path function(const std::string& pci = kPci) const {
    return tree_.at(folder_of(pci));
  }
  const std::map<std::string, double>& sample() {
    EXPECT_EQ(live_->sample(), XPU_OK) << live_->error();
    return live_->values;
  }
};

TEST_F(Sampling, AWholeGpu) {
  add(kPci).uncorrectable = 3;
  start_sampling();
  fakes::make_amd_sensors(function(), 1073741824);
  EXPECT_THAT(sample(),
              UnorderedElementsAre(
                  Pair("amd:0 memory-total", 68702699520), Pair("amd:0 memory-used", 1073741824),
                  Pair("amd:0 utilisation compute", 0.37), Pair("amd:0 utilisation memory", 0.12),
                  Pair("amd:0 temperature core", 45), Pair("amd:0 temperature hotspot", 51),
                  Pair("amd:0 temperature memory", 48), Pair("amd:0 power", 92),
                  Pair("amd:0 power-limit", 300), Pair("amd:0 fan", 0.25),
                  Pair("amd:0 clock compute", 795e6), Pair("amd:0 clock memory", 1600e6),
                  Pair("amd:0 clock-limit compute", 1700e6),
                  Pair("amd:0 clock-limit memory", 1600e6), Pair("amd:0 errors pcie-replay", 5),
                  Pair("amd:0 errors ecc-corrected", 6), Pair("amd:0 errors ecc-uncorrected", 3)));
  EXPECT_THAT(live_->processes, IsEmpty());
}

// What is not known is not there; zero would be a measurement.
TEST_F(Sampling, AGpuThatTellsNothing) {
  add(kPci);
  start_sampling();
  EXPECT_THAT(sample(), UnorderedElementsAre(Pair("amd:0 memory-total", 68702699520)));
  EXPECT_THAT(live_->log(), IsEmpty());
}

TEST_F(Sampling, OddFiles) {
  add(kPci);
  start_sampling();
  fakes::make_amd_sensors(function(), 1);
  const std::string folder = folder_of(kPci);
  write(folder + "/gpu_busy_percent", "4294967295\n");
  write(folder + "/mem_info_vram_used", "many\n");
  write(folder + "/hwmon/hwmon3/temp1_label", "liquid\n");
  write(folder + "/hwmon/hwmon3/temp1_input", "-5000\n");
  write(folder + "/hwmon/hwmon3/temp2_label", "Bad Label!\n");
  write(folder + "/hwmon/hwmon3/power1_average", "-1\n");
  write(folder + "/hwmon/hwmon3/fan1_input", "9999\n");
  write(folder + "/pp_dpm_mclk", "0: Mhz\nMhz 1:\n\n");
  write(folder + "/gpu_metrics", "\x01");
  const auto& values = sample();
  EXPECT_THAT(values, Not(Contains(Key("amd:0 utilisation compute"))));
  EXPECT_THAT(values, Not(Contains(Key("amd:0 memory-used"))));
  EXPECT_THAT(values, Contains(Pair("amd:0 temperature liquid", -5)));
  EXPECT_THAT(values, Not(Contains(Key("amd:0 temperature hotspot"))));
  EXPECT_THAT(values, Not(Contains(Key("amd:0 power"))));
  EXPECT_THAT(values, Contains(Pair("amd:0 fan", 1)));
  EXPECT_THAT(values, Not(Contains(Key("amd:0 clock-limit memory"))));
}

// Newer GPUs have power1_input; older ones no frequency in hwmon, and a fan without a speed.
TEST_F(Sampling, OtherGpusHaveOtherFiles) {
  add(kPci);
  start_sampling();
  fakes::make_amd_sensors(function(), 1);
  const auto hwmon = function() / "hwmon/hwmon3";
  for (const char* file : {"power1_average", "freq1_input", "fan1_input", "temp1_label"}) {
    std::filesystem::remove(hwmon / file);
  }
  const std::string inside = folder_of(kPci) + "/hwmon/hwmon3";
  write(inside + "/power1_input", "80000000\n");
  write(inside + "/energy1_input", "2500000\n");
  write(inside + "/pwm1", "51\n");
  const auto& values = sample();
  EXPECT_THAT(values, Contains(Pair("amd:0 power", 80)));
  EXPECT_THAT(values, Contains(Pair("amd:0 energy", 2.5)));
  EXPECT_THAT(values, Contains(Pair("amd:0 fan", 0.2)));
  EXPECT_THAT(values, Contains(Pair("amd:0 clock compute", 800e6)));
  EXPECT_THAT(values, Contains(Pair("amd:0 clock memory", 1600e6)));
  EXPECT_THAT(values, Contains(Pair("amd:0 temperature core", 45)));
}

TEST_F(Sampling, AGpuThatSleepsIsNotWoken) {
  add(kPci).uncorrectable = 1;
  start_sampling();
  fakes::make_amd_sensors(function(), 1);
  write(folder_of(kPci) + "/power/runtime_status", "suspended\n");
  EXPECT_THAT(sample(), UnorderedElementsAre(Pair("amd:0 memory-total", 68702699520)));
}

TEST_F(Sampling, WhatTheFirmwareTells) {
  add(kPci);
  start_sampling();
  const auto file = [](std::uint64_t power, std::uint64_t heat) {
    return fakes::gpu_metrics_file(1, 7, 2208,
                                   {{24, 8, 65536 * 50},
                                    {44, 4, 0},
                                    {48, 4, power},
                                    {52, 4, heat},
                                    {56, 4, 0},
                                    {60, 4, 0},
                                    {136, 8, 3},
                                    {200, 8, 4},
                                    {320, 2, 29}});
  };
  write(folder_of(kPci) + "/gpu_metrics", file(100, 7));
  auto values = sample();
  EXPECT_THAT(values, Contains(Pair("amd:0 energy", 50)));
  EXPECT_THAT(values, Contains(Pair("amd:0 link-received xgmi0", 3072)));
  EXPECT_THAT(values, Contains(Pair("amd:0 link-transmitted xgmi0", 4096)));
  EXPECT_THAT(values, Not(Contains(Key("amd:0 link-received xgmi1"))));
  EXPECT_THAT(values, Contains(Pair("amd:0 clock media", 29e6)));
  // How long it was throttled says nothing yet of now.
  EXPECT_THAT(values, Not(Contains(Key("amd:0 throttled power"))));
  write(folder_of(kPci) + "/gpu_metrics", file(105, 7));
  values = sample();
  EXPECT_THAT(values, Contains(Pair("amd:0 throttled power", 1)));
  EXPECT_THAT(values, Contains(Pair("amd:0 throttled thermal", 0)));
  EXPECT_THAT(values, Contains(Pair("amd:0 throttled hardware", 0)));
}

TEST_F(Sampling, PartsOfADividedGpu) {
  fakes::AmdGpu& gpu = add(kPci);
  gpu.compute_mode = "CPX";
  gpu.memory_mode = "NPS2";
  gpu.parts = gpu.most_parts = 2;
  start_sampling();
  fakes::make_amd_sensors(function(), 7);
  write(folder_of(kPci) + "/gpu_metrics",
        fakes::gpu_metrics_file(1, 6, 1664, {{312, 4, 50}, {316, 4, 100}, {480, 4, 0}}));
  const std::string nodes = "/sys/devices/virtual/kfd/kfd/topology/nodes/";
  write(nodes + "1/mem_banks/0/used_memory", "1000\n");
  const auto& values = sample();
  EXPECT_THAT(values, Contains(Pair("amd:0 memory-total", 68702699520)));
  EXPECT_THAT(values, Contains(Pair("amd:0 memory-used", 7)));
  EXPECT_THAT(values, Contains(Pair("amd:0:0 memory-total", 34351349760)));
  EXPECT_THAT(values, Contains(Pair("amd:0:0 memory-used", 1000)));
  EXPECT_THAT(values, Not(Contains(Key("amd:0:1 memory-used"))));
  EXPECT_THAT(values, Contains(Pair("amd:0:0 utilisation compute", 0.75)));
  EXPECT_THAT(values, Contains(Pair("amd:0:1 utilisation compute", 0)));
  EXPECT_THAT(values, Not(Contains(Key("amd:0:0 temperature core"))));
}

TEST_F(Sampling, ProcessesOfTheComputeDriver) {
  add(kPci);
  add("0000:04:00.0");
  start_sampling();
  const std::string proc = "/sys/devices/virtual/kfd/kfd/proc/";
  write(proc + "4711/vram_4001", "1048576\n");
  write(proc + "4711/sdma_4001", "2500000\n");
  write(proc + "4711/stats_4001/cu_occupancy", "52\n");
  write(proc + "4711/vram_4002", "0\n");
  write(proc + "4711/stats_4002/cu_occupancy", "0\n");
  write(proc + "4712/vram_4002", "5\n");
  write(proc + "4712/stats_4002/cu_occupancy", "500\n");
  write(proc + "rubbish/vram_4002", "5\n");
  sample();
  EXPECT_THAT(live_->processes, UnorderedElementsAre(Pair("amd:0 4711 memory", 1048576),
                                                     Pair("amd:0 4711 engine-time copy", 2.5),
                                                     Pair("amd:0 4711 utilisation compute", 0.5),
                                                     Pair("amd:1 4712 memory", 5),
                                                     Pair("amd:1 4712 utilisation compute", 1)));
}

TEST_F(Sampling, AGpuThatComesLater) {
  add(kPci);
  start_sampling();
  EXPECT_EQ(sample().size(), 1u);
  std::filesystem::remove_all(tree_.at("/sys"));
  std::filesystem::remove_all(tree_.at("/dev"));
  add("0000:04:00.0");
  make_amd_machine(machine_);
  EXPECT_THAT(sample(), UnorderedElementsAre(Key("amd:0 memory-total"), Key("amd:1 memory-total")));
}

// Both abilities are in one process: what a sample counted is what health is told by.
TEST_F(Sampling, WhatIsCountedIsHealthToo) {
  add(kPci).uncorrectable = 0;
  start();
  ASSERT_EQ(live_->start_sampling(), XPU_OK);
  write(folder_of(kPci) + "/ras/gpu_vram_bad_pages", "0x1 : 0x1000 : R\n0x2 : 0x1000 : P\n");
  EXPECT_THAT(sample(), Contains(Pair("amd:0 errors retired-page", 1)));
  live_->dispatch();
  EXPECT_THAT(live_->events(),
              ElementsAre("health degraded 0000:03:00.0: the GPU at 0000:03:00.0: bad pages of its "
                          "memory still in use: 1"));
}

}  // namespace
}  // namespace xpu::test
