// SPDX-License-Identifier: Apache-2.0
// Samples: every value, its unit, and nothing where the driver does not know.
#include <gmock/gmock.h>
#include <sys/time.h>

#include "tests/unit/nvidia/live_host.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

class LiveMetrics : public testing::Test {
 protected:
  LiveMetrics() : live_(host_.options()) {}

  std::map<std::string, double> sample() {
    if (!started_) {
      EXPECT_EQ(live_.start_sampling(), XPU_OK) << live_.error();
      started_ = true;
    }
    auto values = live_.sample();
    EXPECT_EQ(live_.status(), XPU_OK) << live_.error();
    return values;
  }
  // Of the first GPU, without its name.
  std::map<std::string, double> of_first() {
    std::map<std::string, double> found;
    for (const auto& [name, value] : sample()) {
      if (name.rfind(kFirst + " ", 0) == 0) {
        found[name.substr(kFirst.size() + 1)] = value;
      }
    }
    return found;
  }

  LiveHost host_;
  Live live_;
  bool started_ = false;
};

TEST_F(LiveMetrics, EveryValueAndItsUnit) {
  for (const char* line : {"0 memory-used 4000000000",
                           "0 utilisation 37 12",
                           "0 encoder 5",
                           "0 decoder 6",
                           "0 jpeg 7",
                           "0 ofa 8",
                           "0 temperature-0 41",
                           "0 field-82-0 55",
                           "0 power-mw 253500",
                           "0 power-limit-mw 400000",
                           "0 energy-mj 123456789",
                           "0 fan 42",
                           "0 clock-0 1400",
                           "0 clock-1 1410",
                           "0 clock-2 1593",
                           "0 clock-3 1275",
                           "0 max-clock-0 1980",
                           "0 max-clock-1 1981",
                           "0 max-clock-2 2619",
                           "0 max-clock-3 1545",
                           "0 slow-reasons 0x45",
                           "0 ecc-0-0 3",
                           "0 ecc-1-0 1",
                           "0 ecc-0-1 30",
                           "0 ecc-1-1 10",
                           "0 replays 9",
                           "0 rows 2 1 0 0",
                           "0 field-29-0 4",
                           "0 field-30-0 5",
                           "0 field-197-0 1000",
                           "0 field-198-0 2000",
                           "0 field-91-0 2",
                           "0 field-138-0 10",
                           "0 field-139-0 20",
                           "0 field-138-1 30",
                           "0 field-139-1 40"}) {
    host_.say(line);
  }
  EXPECT_THAT(
      of_first(),
      UnorderedElementsAre(
          Pair("memory-total", 40e9), Pair("memory-used", 4e9), Pair("utilisation compute", 0.37),
          Pair("utilisation memory", 0.12), Pair("utilisation encode", 0.05),
          Pair("utilisation decode", 0.06), Pair("utilisation jpeg", 0.07),
          Pair("utilisation optical-flow", 0.08), Pair("temperature core", 41),
          Pair("temperature memory", 55), Pair("power", 253.5), Pair("power-limit", 400),
          Pair("energy", testing::DoubleEq(123456.789)), Pair("fan", 0.42),
          Pair("clock graphics", 1.4e9), Pair("clock compute", 1.41e9),
          Pair("clock memory", 1.593e9), Pair("clock media", 1.275e9),
          Pair("clock-limit graphics", 1.98e9), Pair("clock-limit compute", 1.981e9),
          Pair("clock-limit memory", 2.619e9), Pair("clock-limit media", 1.545e9),
          // Heat by hardware and a power cap; idleness is no reason.
          Pair("throttled thermal", 1), Pair("throttled power", 1), Pair("throttled hardware", 0),
          Pair("throttled sync", 0), Pair("errors ecc-corrected", 3),
          Pair("errors ecc-uncorrected", 1), Pair("errors ecc-corrected-lifetime", 30),
          Pair("errors ecc-uncorrected-lifetime", 10), Pair("errors pcie-replay", 9),
          Pair("errors row-replaced-corrected", 2), Pair("errors row-replaced-uncorrected", 1),
          Pair("errors page-retired-corrected", 4), Pair("errors page-retired-uncorrected", 5),
          Pair("link-transmitted pcie", 1000), Pair("link-received pcie", 2000),
          Pair("link-transmitted nvlink0", 10240), Pair("link-received nvlink0", 20480),
          Pair("link-transmitted nvlink1", 30720), Pair("link-received nvlink1", 40960)));
}

TEST_F(LiveMetrics, WhatADriverDoesNotKnowIsLeftOut) {
  EXPECT_THAT(of_first(), UnorderedElementsAre(Pair("memory-total", 40e9), Pair("memory-used", 0)));
}

TEST_F(LiveMetrics, ADriverWithoutTheFunctionsSaysNothing) {
  std::filesystem::remove(host_ / "/usr/lib64/libnvidia-ml.so.1");
  std::filesystem::copy_file(FAKE_NVML_MINIMAL, host_ / "/usr/lib64/libnvidia-ml.so.1");
  EXPECT_THAT(sample(), IsEmpty());
}

TEST_F(LiveMetrics, WhatTheDriverKeepsForItselfIsNotUsed) {
  host_.say("0 memory-used 700");
  host_.say("0 memory-reserved 600");
  EXPECT_THAT(of_first(), Contains(Pair("memory-used", 100)));
}

TEST_F(LiveMetrics, ImpossibleValuesAreLeftOut) {
  host_.say("0 utilisation 4294967295 50");
  host_.say("0 fan 104");
  const auto found = of_first();
  EXPECT_THAT(found, Not(Contains(Key("utilisation compute"))));
  EXPECT_THAT(found, Contains(Pair("utilisation memory", 0.5)));
  EXPECT_THAT(found, Contains(Pair("fan", 1)));
}

TEST_F(LiveMetrics, LinksThatAreCountedTogetherOnly) {
  host_.say("0 field-91-0 18");
  host_.say("0 field-202-4294967295 123");
  host_.say("0 field-204-4294967295 456");
  const auto found = of_first();
  EXPECT_THAT(found, Contains(Pair("link-transmitted nvlink", 123)));
  EXPECT_THAT(found, Contains(Pair("link-received nvlink", 456)));
}

TEST_F(LiveMetrics, PartitionsHaveTheirOwnMemory) {
  host_.say("1/7/0 memory-used 1000");
  host_.say("1 temperature-0 50");
  const auto found = sample();
  EXPECT_THAT(found, Contains(Pair(kPart + " memory-total", 10e9)));
  EXPECT_THAT(found, Contains(Pair(kPart + " memory-used", 1000)));
  EXPECT_THAT(found, Contains(Pair(kOtherPart + " memory-total", 20e9)));
  EXPECT_THAT(found, Contains(Pair(kSecond + " temperature core", 50)));
}

TEST_F(LiveMetrics, ProcessesAndTheirMemory) {
  host_.say("0 process compute 100 4096 - -");
  host_.say("0 process graphics 100 8192 - -");
  host_.say("0 process mps 101 0xffffffffffffffff - -");
  host_.say("1 process compute 102 100 7 0");
  host_.say("1 process compute 102 200 8 0");
  const auto found = sample();
  EXPECT_THAT(found, Contains(Pair(kFirst + " 100 memory", 8192)));
  EXPECT_THAT(found, Not(Contains(Key(HasSubstr(" 101 ")))));
  EXPECT_THAT(found, Contains(Pair(kPart + " 102 memory", 100)));
  EXPECT_THAT(found, Contains(Pair(kOtherPart + " 102 memory", 200)));
}

// Three layouts of one list, of three ages, and one that can be told by nothing.
TEST_F(LiveMetrics, ListsOfProcessesOfEveryAge) {
  host_.say("0 process compute 100 4096 - -");
  host_.say("0 process compute 101 8192 - -");
  const auto both = [&] {
    const auto found = sample();
    return testing::Value(found, testing::AllOf(Contains(Pair(kFirst + " 100 memory", 4096)),
                                                Contains(Pair(kFirst + " 101 memory", 8192))));
  };
  EXPECT_TRUE(both());
  host_.say("all long-v3 1");
  EXPECT_TRUE(both());
  host_.forget("all long-v3");
  host_.say("all no-v2 1");
  EXPECT_TRUE(both());
  host_.say("all no-v3 1");
  EXPECT_TRUE(both());
}

TEST_F(LiveMetrics, WhatProcessesDo) {
  timeval now{};
  gettimeofday(&now, nullptr);
  const auto use = [&](int pid, int ms, const std::string& percents) {
    const long long time = (now.tv_sec * 1000000LL) + now.tv_usec + (ms * 1000LL);
    host_.say("0 use " + std::to_string(pid) + " " + std::to_string(time) + " " + percents);
  };
  host_.say("0 process compute 100 4096 - -");
  host_.say("0 process compute 101 4096 - -");
  use(100, -60000, "99 99 99 99");  // long before the first look
  use(100, -200, "10 20 30 40");
  use(100, -100, "50 60 70 80");
  use(101, -100, "4294967295 5 0 0");
  use(102, -100, "1 1 1 1");  // has ended since
  auto found = sample();
  EXPECT_THAT(found, Contains(Pair(kFirst + " 100 utilisation compute", 0.5)));
  EXPECT_THAT(found, Contains(Pair(kFirst + " 100 utilisation memory", 0.6)));
  EXPECT_THAT(found, Contains(Pair(kFirst + " 100 utilisation encode", 0.7)));
  EXPECT_THAT(found, Contains(Pair(kFirst + " 100 utilisation decode", 0.8)));
  EXPECT_THAT(found, Not(Contains(Key(kFirst + " 101 utilisation compute"))));
  EXPECT_THAT(found, Contains(Pair(kFirst + " 101 utilisation memory", 0.05)));
  EXPECT_THAT(found, Not(Contains(Key(HasSubstr(" 102 ")))));
  // What was told once is not told again.
  found = sample();
  EXPECT_THAT(found, Not(Contains(Key(HasSubstr("100 utilisation")))));
  EXPECT_THAT(found, Contains(Key(kFirst + " 100 memory")));
}

TEST_F(LiveMetrics, AGpuThatIsLostIsNotMeasured) {
  host_.say("0 lost 1");
  host_.say("1 temperature-0 50");
  const auto found = sample();
  EXPECT_THAT(found, Not(Contains(Key(HasSubstr(kFirst)))));
  EXPECT_THAT(found, Contains(Pair(kSecond + " temperature core", 50)));
}

TEST_F(LiveMetrics, ADriverThatComesAndGoes) {
  host_.say("0 temperature-0 41");
  host_.unload_driver();
  EXPECT_THAT(sample(), IsEmpty());
  EXPECT_EQ(host_.users_of_nvml(), 0);
  host_.load_driver();
  EXPECT_THAT(sample(), Contains(Pair(kFirst + " temperature core", 41)));
  EXPECT_EQ(host_.users_of_nvml(), 1);
  host_.unload_driver();
  EXPECT_THAT(sample(), IsEmpty());
  EXPECT_EQ(host_.users_of_nvml(), 0);
}

TEST_F(LiveMetrics, AnNvmlThatDoesNotAnswerIsSaid) {
  std::filesystem::remove(host_ / "/usr/lib64/fake-nvml.conf");
  ASSERT_EQ(live_.start_sampling(), XPU_OK);
  EXPECT_THAT(live_.sample(), IsEmpty());
  EXPECT_EQ(live_.status(), XPU_FAILED);
  EXPECT_EQ(live_.error(), "NVML does not answer: " + (host_ / "/usr/lib64/libnvidia-ml.so.1") +
                               ": Driver Not Loaded");
}

TEST_F(LiveMetrics, ASlowLibraryIsWaitedFor) {
  host_.say("0 temperature-0 41");
  host_.say("all slow 2");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THAT(sample(), Contains(Pair(kFirst + " temperature core", 41)));
  EXPECT_GT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(50));
}

}  // namespace
}  // namespace xpu::test
