// SPDX-License-Identifier: Apache-2.0
// What NVML reports while it is open, and which GPU is how unwell because of it.
#include <gmock/gmock.h>

#include "tests/unit/nvidia/live_host.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LiveEvents : public testing::Test {
 protected:
  LiveEvents() : options_(host_.options()) {}

  // Watching, with NVML open and everything said that there is to say.
  Live& live() {
    if (!live_) {
      live_ = std::make_unique<Live>(options_);
      EXPECT_EQ(live_->start_watching(), XPU_OK) << live_->error();
      first_ = live_->dispatch();
    }
    return *live_;
  }

  LiveHost host_;
  Options options_;
  std::unique_ptr<Live> live_;
  std::vector<std::string> first_;
};

TEST_F(LiveEvents, AHealthyHostSaysNothing) {
  live();
  EXPECT_THAT(first_, IsEmpty());
  EXPECT_THAT(live_->log(), IsEmpty());
  EXPECT_EQ(live_->next_ms(), 1000u);
  EXPECT_EQ(host_.users_of_nvml(), 1);
}

TEST_F(LiveEvents, AnXidNamesTheGpuAndWhatItMeans) {
  live();
  host_.xid(0, 79);
  EXPECT_THAT(live_->dispatch(),
              ElementsAre("health " + kFirst + " failed: Xid 79: GPU has fallen off the bus"));
  EXPECT_THAT(live_->dispatch(), IsEmpty());
}

// Rows of the table: what NVIDIA's catalogue wants a reset for, what is a program's own.
TEST_F(LiveEvents, XidsFailDegradeOrSayNothing) {
  live();
  const std::map<std::string, std::vector<unsigned>> rows = {
      {"failed", {46,  48,  54,  62,  64,  74,  79,  95,  110, 119,
                  120, 136, 140, 143, 156, 158, 167, 169, 171, 172}},
      {"degraded", {32,  61,  63,  92,  93,  94,  121, 144, 147, 150, 151, 155,
                    157, 159, 160, 161, 163, 164, 165, 166, 168, 170, 4711}},
      {"", {8,  11,  13,  25,  31,  37,  38,  39,  40,  41,  43,  44,  45,  60,  66,  67,  68, 69,
            70, 71,  72,  75,  76,  77,  78,  80,  82,  83,  84,  85,  86,  88,  89,  96,  97, 98,
            99, 102, 105, 106, 107, 109, 126, 130, 135, 137, 139, 141, 142, 152, 153, 154, 162}}};
  for (const auto& [health, codes] : rows) {
    for (const unsigned code : codes) {
      host_.xid(0, code);
      const auto seen = live_->dispatch();
      const std::string start =
          "health " + kFirst + " " + health + ": Xid " + std::to_string(code) + ": ";
      if (health.empty()) {
        EXPECT_THAT(seen, IsEmpty()) << code;
        EXPECT_THAT(live_->log().back(),
                    testing::StartsWith(kFirst + ": Xid " + std::to_string(code) + ": "));
      } else {
        EXPECT_THAT(seen, ElementsAre(testing::StartsWith(start))) << code;
      }
    }
  }
}

// config.toml tells people the table; the library is asked whether it is true.
TEST_F(LiveEvents, TheDocumentedListsAreThoseOfTheTable) {
  live();
  std::ifstream in(XPU_SOURCE_DIR "/backends/nvidia/config.toml");
  std::map<unsigned, std::string> documented;
  std::string health;
  for (std::string line; std::getline(in, line);) {
    if (line.find("it reported one of these Xids") != std::string::npos) {
      health = "failed";
    } else if (line.find("It is degraded when") != std::string::npos) {
      health = "degraded";
    } else if (line.find("say nothing:") != std::string::npos) {
      health = "";
    }
    if (line.rfind("#       ", 0) != 0) {
      continue;
    }
    std::istringstream words(line.substr(1));
    for (std::string word; words >> word;) {
      unsigned first = 0, last = 0;
      const int found = sscanf(word.c_str(), "%u-%u", &first, &last);
      for (unsigned code = first; code <= (found == 2 ? last : first) && found > 0; ++code) {
        documented[code] = health;
      }
    }
  }
  ASSERT_THAT(documented, SizeIs(testing::Gt(100u)));
  for (unsigned code = 1; code <= 200; ++code) {
    host_.xid(0, code);
    const auto seen = live_->dispatch();
    const auto known = documented.find(code);
    const std::string wanted = known == documented.end() ? "degraded" : known->second;
    EXPECT_EQ(seen.empty() ? "" : seen[0].substr(0, seen[0].find(':')),
              wanted.empty() ? "" : "health " + kFirst + " " + wanted)
        << code;
    // What no list names is unknown to the table too.
    EXPECT_EQ(known == documented.end(),
              !seen.empty() && seen[0].find("this release does not know") != std::string::npos)
        << code;
  }
}

TEST_F(LiveEvents, ListsOfTheConfigurationMoveXids) {
  options_.others = {
      {"failing-xids", "13, 94"}, {"degrading-xids", "79 144-146"}, {"ignored-xids", "48"}};
  live();
  const std::map<unsigned, std::string> wanted = {{13, "failed"},   {94, "failed"},
                                                  {79, "degraded"}, {145, "degraded"},
                                                  {48, ""},         {64, "failed"}};
  for (const auto& [code, health] : wanted) {
    host_.xid(0, code);
    const auto seen = live_->dispatch();
    EXPECT_EQ(seen.empty() ? "" : seen[0].substr(0, seen[0].find(':')),
              health.empty() ? "" : "health " + kFirst + " " + health)
        << code;
  }
}

TEST_F(LiveEvents, AllIsEveryXidOfNoOtherList) {
  options_.others = {{"failing-xids", "48,79"}, {"ignored-xids", "all"}};
  live();
  host_.xid(0, 119);
  host_.xid(0, 4711);
  EXPECT_THAT(live_->dispatch(), IsEmpty());
  host_.xid(0, 79);
  EXPECT_THAT(live_->dispatch(), ElementsAre(HasSubstr(" failed: Xid 79: ")));
}

TEST_F(LiveEvents, WhatIsNoListOfXidsIsRefused) {
  const std::vector<std::pair<std::map<std::string, std::string>, std::string>> wrong = {
      {{{"failing-xids", "79, seven"}},
       "option failing-xids: \"seven\" is no Xid; numbers such as 79, ranges such as 144-150, or "
       "all are wanted"},
      {{{"degrading-xids", "0"}}, "option degrading-xids: \"0\" is no Xid"},
      {{{"degrading-xids", "150-144"}}, "option degrading-xids: \"150-144\" is no Xid"},
      {{{"ignored-xids", "-5"}}, "option ignored-xids: \"-5\" is no Xid"},
      {{{"failing-xids", "13-31"}, {"ignored-xids", "31"}},
       "option ignored-xids: Xid 31 is in another list too"},
      {{{"failing-xids", "all"}, {"ignored-xids", "all"}},
       "option ignored-xids: only one list of Xids can have all others"},
      {{{"watch-nvml", "maybe"}}, "option watch-nvml is \"maybe\"; one of true, false is wanted"}};
  for (const auto& [options, text] : wrong) {
    options_.others = options;
    Live live(options_);
    EXPECT_EQ(live.start_watching(), XPU_INVALID);
    EXPECT_THAT(live.error(), HasSubstr(text));
    const Description found = describe(options_);
    EXPECT_EQ(found.status, XPU_INVALID);
    EXPECT_THAT(found.error, HasSubstr(text));
  }
}

TEST_F(LiveEvents, AnEventOfAPartitionIsItsAlone) {
  live();
  host_.xid(1, 94, "8 0");
  host_.xid(1, 95, "7 -");
  host_.xid(1, 79);
  host_.xid(1, 94, "9 0");  // a partition that nobody knows
  EXPECT_THAT(live_->dispatch(),
              ElementsAre("health " + kOtherPart + " degraded: Xid 94: contained memory error",
                          "health " + kPart + " failed: Xid 95: uncontained memory error",
                          "health " + kSecond + " failed: Xid 79: GPU has fallen off the bus",
                          "health " + kSecond + " degraded: Xid 94: contained memory error"));
}

TEST_F(LiveEvents, OtherEventsOfTheDriver) {
  host_.forget("0 supported");
  host_.say("0 supported-events 0xffff");
  live();
  const std::map<std::string, std::string> wanted = {
      {"0x2", "degraded: double bit ECC error"},
      {"0x200", "degraded: many single bit ECC errors"},
      {"0x400", "degraded: memory was marked to be replaced"},
      {"0x800", "failed: memory could not be replaced"},
      {"0x1000", "degraded: poisoned data, contained"},
      {"0x2000", "failed: poisoned data, not contained"},
      {"0x4000", "failed: GPU is not available"}};
  for (const auto& [type, text] : wanted) {
    host_.happens(0, type + " 0 - -");
    EXPECT_THAT(live_->dispatch(), ElementsAre("health " + kFirst + " " + text)) << type;
  }
  // Single corrected bits, clocks and power states are no events of health, and not asked for.
  for (const char* type : {"0x1", "0x4", "0x10", "0x80"}) {
    host_.happens(0, std::string(type) + " 0 - -");
  }
  EXPECT_THAT(live_->dispatch(), IsEmpty());
}

TEST_F(LiveEvents, OnlyWhatADriverSupportsIsAskedFor) {
  host_.forget("0 supported");
  host_.say("0 supported-events 0x3");
  live();
  host_.xid(0, 79);
  host_.happens(0, "2 0 - -");
  host_.xid(1, 79);
  EXPECT_THAT(live_->dispatch(), ElementsAre(HasSubstr(kFirst + " degraded: double bit"),
                                             HasSubstr(kSecond + " failed: Xid 79")));
  EXPECT_THAT(live_->log(), IsEmpty());
}

TEST_F(LiveEvents, AChangeOfPartitionsIsAChange) {
  live();
  host_.happens(1, "0x100 0 - -");
  EXPECT_THAT(live_->dispatch(),
              ElementsAre("changed " + kSecond + ": MIG partitions were changed"));
}

// Since driver 565 the driver says what is to be done about a GPU, and when it is done.
TEST_F(LiveEvents, TheDriversOwnWordOnRecovery) {
  host_.forget("0 supported");
  host_.say("0 supported-events 0x8008");
  host_.say("0 field-230-0 0");
  live();
  EXPECT_THAT(first_, IsEmpty());
  const std::vector<std::pair<std::string, std::string>> actions = {
      {"1", "failed: the driver wants the GPU to be reset"},
      {"0", "ok: NVML finds nothing wrong any more"},
      {"2", "failed: the driver wants the machine to be restarted"},
      {"0", "ok: NVML finds nothing wrong any more"},
      {"3", "failed: the driver wants traffic between GPUs to be stopped"},
      {"0", "ok: NVML finds nothing wrong any more"},
      {"4", "failed: the driver wants the GPU to be drained of programs and reset"},
      {"0", "ok: NVML finds nothing wrong any more"},
      {"7", "failed: the driver wants recovery action 7"}};
  for (const auto& [action, text] : actions) {
    host_.forget("0 field-230-0");
    host_.say("0 field-230-0 " + action);
    host_.happens(0, "0x8000 0 - -");
    EXPECT_THAT(live_->dispatch(), ElementsAre("health " + kFirst + " " + text)) << action;
  }
}

TEST_F(LiveEvents, WhatIsUnwellFromTheBeginningIsSaid) {
  host_.say("0 rows 3 1 1 0");
  host_.say("1 rows 3 1 0 1");
  live();
  EXPECT_THAT(first_,
              ElementsAre("health " + kFirst +
                              " degraded: a memory row is to be replaced at the next reset",
                          "health " + kSecond + " failed: a memory row could not be replaced"));
}

TEST_F(LiveEvents, WhatNoEventTellsIsLookedAt) {
  live();
  host_.say("0 retirement-pending 1");
  EXPECT_TRUE(live_->comes("health " + kFirst + " degraded: a memory page is to be retired"));
  host_.forget("0 retirement");
  host_.say("0 retirement-pending 0");
  EXPECT_TRUE(live_->comes("health " + kFirst + " ok: NVML finds nothing wrong any more"));
}

TEST_F(LiveEvents, AGpuThatNvmlLosesHasFailed) {
  live();
  host_.say("0 lost 1");
  host_.say("all wait-status 15");
  EXPECT_THAT(live_->dispatch(), ElementsAre("health " + kFirst + " failed: NVML: GPU is lost"));
  EXPECT_THAT(live_->log(), Contains("NVML is opened anew: GPU is lost"));
  EXPECT_EQ(host_.users_of_nvml(), 0);
  // The other one is watched on.
  host_.forget("all wait-status");
  host_.xid(1, 95);
  EXPECT_TRUE(live_->comes("health " + kSecond + " failed: Xid 95"));
  EXPECT_EQ(host_.users_of_nvml(), 1);
}

TEST_F(LiveEvents, AnEventOfAnUnknownGpuLeadsToAFullLook) {
  live();
  host_.xid(99, 79);
  EXPECT_THAT(live_->dispatch(),
              ElementsAre("lost : NVML reports an event of a GPU that is not known"));
}

TEST_F(LiveEvents, ADriverWithoutEventsIsWatchedAllTheSame) {
  std::filesystem::remove(host_ / "/usr/lib64/libnvidia-ml.so.1");
  std::filesystem::copy_file(FAKE_NVML_MINIMAL, host_ / "/usr/lib64/libnvidia-ml.so.1");
  live();
  EXPECT_THAT(first_, IsEmpty());
  EXPECT_THAT(live_->log(), ElementsAre("this driver reports no events of GPUs"));
  EXPECT_THAT(live_->dispatch(), IsEmpty());
  EXPECT_EQ(live_->status(), XPU_OK);
}

TEST_F(LiveEvents, WithoutLeaveNvmlStaysClosed) {
  options_.others = {{"watch-nvml", "false"}};
  live();
  host_.xid(0, 79);
  EXPECT_THAT(live_->dispatch(), IsEmpty());
  EXPECT_EQ(host_.users_of_nvml(), 0);
  ASSERT_EQ(live_->start_sampling(), XPU_OK);
  EXPECT_THAT(live_->sample(), SizeIs(testing::Gt(0u)));
  EXPECT_EQ(host_.users_of_nvml(), 0);
}

TEST_F(LiveEvents, ManyAtOnceAreAllTold) {
  live();
  for (int i = 0; i < 200; ++i) {
    host_.xid(0, 94);
  }
  host_.xid(1, 79);
  EXPECT_TRUE(live_->comes(kSecond + " failed"));
  EXPECT_THAT(live_->all_events(), SizeIs(201));
}

TEST_F(LiveEvents, NvmlIsClosedWhenWatchingEnds) {
  live();
  EXPECT_EQ(host_.users_of_nvml(), 1);
  live_->stop_watching();
  EXPECT_EQ(host_.users_of_nvml(), 0);
}

// The same facts in a description, for who asks without watching.
TEST(LiveDescription, TellsHealth) {
  XPU_NEEDS_MKNOD();
  LiveHost host;
  host.library("/usr/lib64/libcuda.so.550.163.01", "libcuda.so.1");
  for (const char* node : {"nvidiactl", "nvidia-uvm", "nvidia0", "nvidia1"}) {
    host.node("/dev/" + std::string(node));
  }
  const auto health_of = [&](const std::string& index) {
    const Description found = describe(host.options());
    EXPECT_EQ(found.status, XPU_OK) << found.error;
    const auto& properties = found.devices.at(index).properties;
    const auto value = [&](const char* key) {
      const auto at = properties.find(key);
      return at == properties.end() ? std::string("-") : at->second;
    };
    return value("health") + "/" + value("health-reason");
  };
  EXPECT_EQ(health_of("0"), "-/-");
  host.say("0 field-230-0 0");
  EXPECT_EQ(health_of("0"), "ok/-");
  host.say("0 rows 0 0 1 0");
  EXPECT_EQ(health_of("0"), "degraded/a memory row is to be replaced at the next reset");
  host.say("1 rows 0 0 0 1");
  EXPECT_EQ(health_of("1"), "failed/a memory row could not be replaced");
  EXPECT_EQ(health_of("1:0"), "failed/a memory row could not be replaced");
  host.say("0 lost 1");
  EXPECT_EQ(health_of("0"), "failed/NVML: GPU is lost");
}

}  // namespace
}  // namespace xpu::test
