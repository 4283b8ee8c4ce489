// SPDX-License-Identifier: Apache-2.0
// The sim backend while its hardware file changes.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include "tests/unit/sdk/fake_host.h"
#include "tests/unit/sdk/tree.h"
#include "xpu/hotplug.h"
#include "xpu/metrics.h"

namespace xpu::sim {
namespace {

using sdk::test::FakeHost;
using sdk::test::Tree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SimLive : public testing::Test {
 protected:
  SimLive() {
    void* const library = ::dlopen(XPU_SIM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    const auto entry =
        reinterpret_cast<xpu_backend_entry_fn>(::dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
    host_.options["hardware"] = tree_.at("/hw/hardware.toml");
    entry(&host_.table, &backend_);
    backend_->open(&host_.table, &self_);
    hotplug_ = static_cast<const xpu_hotplug_1*>(backend_->extension(self_, XPU_HOTPLUG_1));
    metrics_ = static_cast<const xpu_metrics_1*>(backend_->extension(self_, XPU_METRICS_1));
    events_ = {sizeof events_, 0, this, [](void* ctx, const xpu_event* event) -> xpu_status {
                 auto& said = static_cast<SimLive*>(ctx)->said_;
                 said.push_back(std::to_string(event->kind) + " " + std::to_string(event->health) +
                                " " + event->device + ": " + event->reason);
                 return XPU_OK;
               }};
    values_ = {sizeof values_, 0, this,
               [](void* ctx, const char* device, const char* key, const char* label,
                  double value) -> xpu_status {
                 static_cast<SimLive*>(ctx)->say(device, 0, key, label, value);
                 return XPU_OK;
               },
               [](void* ctx, const char* device, int32_t pid, const char* key, const char* label,
                  double value) -> xpu_status {
                 static_cast<SimLive*>(ctx)->say(device, pid, key, label, value);
                 return XPU_OK;
               }};
  }
  ~SimLive() override { backend_->close(self_); }

  void say(const char* device, int pid, const char* key, const char* label, double value) {
    std::ostringstream out;
    out << device << " " << pid << " " << key << " " << label << " " << value;
    said_.push_back(out.str());
  }

  static std::string device(const char* index, const std::string& more = "") {
    return std::string("[[devices]]\nvendor = \"acme\"\nname = \"Acme One\"\nindex = ") + index +
           "\n" + more;
  }
  std::string file() const { return tree_.at("/hw/hardware.toml"); }
  void write(const std::string& text) const { tree_.file("/hw/hardware.toml", text); }
  void replace(const std::string& text) const {
    tree_.file("/hw/new", text);
    std::filesystem::rename(tree_.at("/hw/new"), file());
  }

  // What is said once the descriptor tells of something.
  std::vector<std::string> next(int wait_ms = 2000) {
    said_.clear();
    pollfd polled = {hotplug_->descriptor(self_), POLLIN, 0};
    const int ready = poll(&polled, 1, wait_ms);
    std::uint32_t next_ms = 0;
    EXPECT_EQ(hotplug_->dispatch(self_, &next_ms), XPU_OK);
    EXPECT_EQ(ready == 1, wait_ms != 0) << "nothing was told";
    return said_;
  }

  const Tree tree_;
  FakeHost host_;
  const xpu_backend* backend_ = nullptr;
  void* self_ = nullptr;
  const xpu_hotplug_1* hotplug_ = nullptr;
  const xpu_metrics_1* metrics_ = nullptr;
  xpu_event_sink events_{};
  xpu_metric_sink values_{};
  std::vector<std::string> said_;
};

TEST_F(SimLive, TellsWhatChanged) {
  write(device("0"));
  ASSERT_EQ(hotplug_->start(self_, &events_), XPU_OK);
  EXPECT_THAT(said_, IsEmpty());
  replace(device("0") + device("1"));
  EXPECT_THAT(next(), ElementsAre("1 0 acme:1: acme:1 is now in " + file()));
  write(device("0", "architecture = \"a2\"\n") + device("1"));
  EXPECT_THAT(next(), ElementsAre("3 0 acme:0: acme:0 is described differently in " + file()));
  write("properties = { driver = \"2\" }\n" + device("0", "architecture = \"a2\"\n"));
  EXPECT_THAT(next(), ElementsAre("2 0 acme:1: acme:1 is no longer in " + file(),
                                  "3 0 : " + file() + " has changed for all devices"));
  std::filesystem::remove(file());
  EXPECT_THAT(next(), ElementsAre("2 0 acme:0: acme:0 is no longer in " + file(),
                                  "3 0 : " + file() + " has changed for all devices"));
  hotplug_->stop(self_);
  EXPECT_EQ(hotplug_->descriptor(self_), -1);
}

TEST_F(SimLive, TellsHealth) {
  write(device("0"));
  ASSERT_EQ(hotplug_->start(self_, &events_), XPU_OK);
  write(device("0", "health = \"failed\"\nhealth-reason = \"fan seized\"\n"));
  EXPECT_THAT(next(), ElementsAre("4 3 acme:0: fan seized"));
  write(device("0", "health = \"degraded\"\n"));
  EXPECT_THAT(next(), ElementsAre("4 2 acme:0: health is \"degraded\" in " + file()));
  write(device("0"));
  EXPECT_THAT(next(), ElementsAre("4 1 acme:0: health is \"ok\" in " + file()));
}

TEST_F(SimLive, HealthIsAProperty) {
  write(device("0", "health = \"failed\"\n"));
  ASSERT_EQ(backend_->describe(self_), XPU_OK);
  EXPECT_THAT(host_.calls, testing::Contains("property acme:0 health=failed"));
}

TEST_F(SimLive, MeasuringIsNoEvent) {
  write(device("0", "metrics = [{ key = \"power\", value = 1 }]\n"));
  ASSERT_EQ(hotplug_->start(self_, &events_), XPU_OK);
  write(device("0", "metrics = [{ key = \"power\", value = 2 }]\n"));
  EXPECT_THAT(next(), IsEmpty());
  tree_.file("/hw/other", "x");
  EXPECT_THAT(next(), IsEmpty());
}

TEST_F(SimLive, AMistakeIsToldAndDoesNotEndIt) {
  write(device("0"));
  ASSERT_EQ(hotplug_->start(self_, &events_), XPU_OK);
  write("colour = 1");
  EXPECT_THAT(next(), ElementsAre(HasSubstr("3 0 : " + file() + ":1: hardware file: unknown key")));
  write(device("0") + device("1"));
  EXPECT_THAT(next(), ElementsAre("1 0 acme:1: acme:1 is now in " + file()));
}

TEST_F(SimLive, LosesEventsOnce) {
  write(device("0"));
  ASSERT_EQ(hotplug_->start(self_, &events_), XPU_OK);
  write(device("0") + "[faults]\nlost = true\n");
  EXPECT_THAT(next(), ElementsAre("5 0 : the hardware file says that events were lost"));
  write(device("0") + "[faults]\nlost = true\nsample-delay-ms = 1\n");
  EXPECT_THAT(next(), IsEmpty());
}

TEST_F(SimLive, OutlivesItsFolder) {
  write(device("0"));
  ASSERT_EQ(hotplug_->start(self_, &events_), XPU_OK);
  std::filesystem::rename(tree_.at("/hw"), tree_.at("/old"));
  EXPECT_THAT(next(), testing::SizeIs(1));
  EXPECT_EQ(hotplug_->descriptor(self_), -1);
  write(device("1"));
  std::uint32_t next_ms = 0;
  said_.clear();
  EXPECT_EQ(hotplug_->dispatch(self_, &next_ms), XPU_OK);
  EXPECT_EQ(next_ms, 1000U);
  EXPECT_THAT(said_, ElementsAre("1 0 acme:1: acme:1 is now in " + file()));
}

TEST_F(SimLive, NoFolderIsAbsent) {
  EXPECT_EQ(hotplug_->start(self_, &events_), XPU_ABSENT);
  EXPECT_EQ(metrics_->start(self_, &values_), XPU_OK);
  EXPECT_EQ(metrics_->sample(self_), XPU_ABSENT);
  EXPECT_THAT(host_.errors,
              ElementsAre("1 the folder of hardware file " + file() + " does not exist",
                          "1 hardware file " + file() + " does not exist"));
}

TEST_F(SimLive, Measures) {
  tree_.file("/pid", "77\n");
  tree_.file("/empty", "");
  write(device("0",
               "metrics = [{ key = \"utilisation\", label = \"compute\", value = 0.5 }]\n"
               "processes = [{ pid = 4711, key = \"memory\", value = 512 },"
               " { pid-file = \"" +
                   tree_.at("/pid") +
                   "\", key = \"memory\", value = 3 },"
                   " { pid-file = \"" +
                   tree_.at("/empty") + "\", key = \"memory\", value = 4 }]\n"));
  ASSERT_EQ(metrics_->start(self_, &values_), XPU_OK);
  ASSERT_EQ(metrics_->sample(self_), XPU_OK);
  EXPECT_THAT(said_, ElementsAre("acme:0 0 utilisation compute 0.5", "acme:0 4711 memory  512",
                                 "acme:0 77 memory  3"));
}

TEST_F(SimLive, RefusesAProcessWithoutANumber) {
  write(device("0", "processes = [{ key = \"memory\", value = 512 }]\n"));
  EXPECT_EQ(backend_->describe(self_), XPU_INVALID);
  EXPECT_THAT(host_.errors.at(0),
              HasSubstr("process: pid or pid-file must be there, and not both"));
  write(device("0", "health = \"fine\"\n"));
  EXPECT_EQ(backend_->describe(self_), XPU_INVALID);
  EXPECT_THAT(host_.errors.at(1), HasSubstr("health must be one of ok, degraded, failed"));
}

}  // namespace
}  // namespace xpu::sim
