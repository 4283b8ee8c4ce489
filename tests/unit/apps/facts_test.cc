// SPDX-License-Identifier: Apache-2.0
#include "core/apps/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Device device(const std::string& index, const std::string& uuid) {
  Device out;
  out.id = "acme:" + index;
  out.vendor = "acme";
  out.index = index;
  out.uuid = uuid;
  out.name = "Acme One";
  out.memory_bytes = 1000;
  return out;
}

BackendStatus backend() {
  BackendStatus out;
  out.found.manifest.name = "sim";
  out.state = BackendState::kReady;
  out.catalog.devices = {device("0", "ACME-0"), device("1", "ACME-1")};
  return out;
}

Record holder(const std::string& id, const std::string& device_id, const std::string& key) {
  Record out;
  out.id = id;
  out.runtime_root = "/run/runc";
  out.created_unix = 900;
  out.origin.engine = "docker";
  out.origin.name = "train";
  out.held.push_back({device_id, key, "", "acme", "Acme One", {}, ""});
  return out;
}

Measured measured(std::int64_t age_s) {
  Measured out;
  out.time_ns = 1000'000'000'000;
  out.interval_s = 2;
  watch::Sample& sample = out.samples["sim"];
  sample.time_ns = out.time_ns - age_s * 1'000'000'000;
  sample.values = {{"ACME-0", "memory-used", "", 600},
                   {"acme:0", "utilisation", "compute", 0.5},
                   {"acme:0", "throttled", "thermal", 1},
                   {"acme:0", "throttled", "power", 0},
                   {"acme:7", "power", "", 5}};
  return out;
}

TEST(Facts, ValuesGoToTheirDevicesHoweverTheyAreCalled) {
  Facts facts;
  facts.backends = {backend()};
  const View view = view_of(facts, measured(1));
  ASSERT_EQ(view.devices.size(), 2u);
  EXPECT_EQ(view.devices[0].memory_used, 600);
  EXPECT_EQ(view.devices[0].memory_total, 1000);
  EXPECT_THAT(view.devices[0].utilisation, ElementsAre(Labelled("compute", 0.5)));
  EXPECT_THAT(view.devices[0].throttled, ElementsAre("thermal"));
  EXPECT_FALSE(view.devices[0].old);
  EXPECT_FALSE(view.devices[1].memory_used);
  EXPECT_FALSE(view.devices[1].power);
  EXPECT_THAT(view.notes, IsEmpty());
}

TEST(Facts, OldValuesAreSaidToBeOld) {
  Facts facts;
  facts.backends = {backend()};
  const View view = view_of(facts, measured(34));
  EXPECT_TRUE(view.devices[0].old);
  EXPECT_EQ(view.devices[0].age_s, 34);
  EXPECT_THAT(view.notes, ElementsAre("sim: its values are 34s old"));
}

TEST(Facts, WhyThereAreNoValues) {
  Facts facts;
  facts.backends = {backend()};
  Measured none;
  none.problems["sim"] = "it has not measured its devices yet";
  EXPECT_THAT(view_of(facts, none).notes, ElementsAre("sim: it has not measured its devices yet"));
  facts.backends[0].state = BackendState::kFailed;
  facts.backends[0].reason = "the backend sim crashed";
  const View view = view_of(facts, Measured());
  EXPECT_THAT(view.notes, ElementsAre("the backend sim crashed"));
  EXPECT_THAT(view.devices, IsEmpty());
}

TEST(Facts, HoldersAreThoseOfTheKey) {
  Facts facts;
  facts.backends = {backend()};
  // When it was taken it had another number.
  facts.containers = {holder("abc", "acme:0", "ACME-1")};
  facts.uses.containers = {{"abc",
                            "/run/runc",
                            {7},
                            {{"acme:1", "memory", "", 300},
                             {"acme:1", "memory-region", "vram", 300},
                             {"acme:1", "utilisation", "compute", 0.2},
                             {"acme:1", "engine-time", "compute", 9}}}};
  facts.uses.processes = {{7, "python3", "abc", {{"acme:1", "memory", "", 300}}},
                          {8, "other", "", {{"acme:1", "memory", "", 1}}}};
  const View view = view_of(facts, measured(1));
  EXPECT_THAT(view.devices[0].holders, IsEmpty());
  EXPECT_THAT(view.devices[1].holders, ElementsAre("train"));
  ASSERT_EQ(view.containers.size(), 1u);
  const ContainerView& container = view.containers[0];
  EXPECT_EQ(container.age_s, 100);
  EXPECT_EQ(container.sharing, "shared");
  EXPECT_THAT(container.pids, ElementsAre(7));
  ASSERT_EQ(container.uses.size(), 1u);
  EXPECT_EQ(container.uses[0].memory, 300);
  EXPECT_THAT(container.uses[0].regions, ElementsAre(Labelled("vram", 300)));
  EXPECT_THAT(container.uses[0].engine_time, ElementsAre(Labelled("compute", 9)));
  ASSERT_EQ(view.processes.size(), 2u);
  EXPECT_EQ(view.processes[0].container_name, "train");
  EXPECT_EQ(view.processes[1].container_name, "");
}

TEST(Facts, DevicesThatAreGoneAreShownAsLost) {
  Facts facts;
  facts.backends = {backend()};
  facts.containers = {holder("abc", "acme:5", "ACME-5")};
  facts.lost = {{"abc", "/run/runc", "train", "acme:5", "ACME-5", "is not there any more"}};
  const View view = view_of(facts, measured(1));
  ASSERT_EQ(view.devices.size(), 3u);
  EXPECT_EQ(view.devices[2].id, "acme:5");
  EXPECT_EQ(view.devices[2].health, "lost");
  EXPECT_THAT(view.devices[2].holders, ElementsAre("train"));
  EXPECT_THAT(view.containers[0].lost, ElementsAre("acme:5 is not there any more"));
}

TEST(Facts, MarksAndPropertiesAreHealth) {
  Facts facts;
  facts.backends = {backend()};
  facts.backends[0].catalog.devices[1].properties = {{"health", "degraded"},
                                                     {"health-reason", "slow link"}};
  facts.marks = {{"ACME-0", "acme:0", "sim", true, 0, "it fell off the bus"}};
  const View view = view_of(facts, measured(1));
  EXPECT_EQ(view.devices[0].health, "failed");
  EXPECT_THAT(view.devices[0].reason, testing::HasSubstr("it fell off the bus"));
  EXPECT_EQ(view.devices[1].health, "degraded");
  facts.backends[0].catalog.devices[1].available = false;
  facts.backends[0].catalog.devices[1].reason = "no firmware";
  EXPECT_EQ(view_of(facts, measured(1)).devices[1].health, "unavailable");
  EXPECT_EQ(view_of(facts, measured(1)).devices[1].reason, "no firmware");
}

TEST(Facts, ContainersOfOthers) {
  Facts facts;
  facts.backends = {backend()};
  facts.containers = {holder("abc", "acme:0", "ACME-0")};
  facts.outside = {{"abc", "/run/runc", "", {"acme:1"}},
                   {"0123456789abcdef", "/run/crun", "", {"acme:1"}}};
  const View view = view_of(facts, measured(1));
  ASSERT_EQ(view.containers.size(), 2u);
  EXPECT_THAT(view.containers[0].devices, ElementsAre("acme:0", "acme:1"));
  EXPECT_FALSE(view.containers[0].outside);
  EXPECT_TRUE(view.containers[1].outside);
  EXPECT_THAT(view.devices[1].holders, ElementsAre("train", "0123456789ab"));
}

}  // namespace
}  // namespace xpu
