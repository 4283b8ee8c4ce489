// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/sample.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using watch::EventKind;

KnownDevices known(std::vector<Device> devices) {
  return known_devices(test::backend(std::move(devices)).catalog);
}

// "KIND ID KEY: REASON @TIME"
std::vector<std::string> difference_of(const KnownDevices& before, const KnownDevices& after,
                                       const std::vector<watch::Event>& burst = {}) {
  std::vector<std::string> out;
  for (const HostEvent& event : difference(before, after, burst, "looked", 99)) {
    EXPECT_EQ(event.backend, "sim");
    out.push_back(std::string(to_string(event.kind)) + " " + event.device + " " + event.key + ": " +
                  event.reason + " @" + std::to_string(event.time_ns));
  }
  return out;
}

TEST(Difference, NoneWhereNothingChanged) {
  const KnownDevices one = known({test::device("0", "A"), test::device("1", "B")});
  EXPECT_THAT(difference_of(one, one), IsEmpty());
}

TEST(Difference, DevicesComeAndGo) {
  EXPECT_THAT(difference_of(known({test::device("0", "A")}), known({test::device("1", "B")})),
              ElementsAre("removed acme:0 A: looked @99", "added acme:1 B: looked @99"));
}

TEST(Difference, ReasonAndTimeAreThoseOfTheEvent) {
  const std::vector<watch::Event> burst = {
      test::event(EventKind::kAdded, "acme:1", "plugged in", 5),
      test::event(EventKind::kRemoved, "a", "an alias fell off the bus", 6),
      test::event(EventKind::kChanged, "", "something", 7)};
  Device gone = test::device("0", "A");
  gone.aliases = {"a"};
  EXPECT_THAT(difference_of(known({gone}), known({test::device("1", "B")}), burst),
              ElementsAre("removed acme:0 A: an alias fell off the bus @6",
                          "added acme:1 B: plugged in @5"));
}

TEST(Difference, OfOneWithoutANameTheUnnamedEventTells) {
  EXPECT_THAT(difference_of({}, known({test::device("0", "A")}),
                            {test::event(EventKind::kChanged, "acme:9", "another", 5),
                             test::event(EventKind::kAdded, "", "a driver was loaded", 6)}),
              ElementsAre("added acme:0 A: a driver was loaded @6"));
}

TEST(Difference, ThatADeviceIsIllIsNoReasonForAnother) {
  EXPECT_THAT(difference_of({}, known({test::device("0", "A")}),
                            {test::health("acme:0", watch::Health::kFailed, "ill")}),
              ElementsAre("added acme:0 A: looked @99"));
}

TEST(Difference, AnotherDescriptionIsAChange) {
  Device other = test::device("0", "A");
  other.memory_bytes = 5;
  EXPECT_THAT(difference_of(known({test::device("0", "A")}), known({other})),
              ElementsAre("changed acme:0 A: looked @99"));
}

TEST(Difference, OtherEditsAreAChangeToo) {
  Catalog before = test::backend({test::device("0", "A"), test::device("1", "B")}).catalog;
  Catalog after = before;
  EditGroup group;
  group.scope.device = "acme:1";
  group.nodes.push_back({"/dev/acme1", "/dev/acme1"});
  after.edits.push_back(group);
  EXPECT_THAT(difference_of(known_devices(before), known_devices(after)),
              ElementsAre("changed acme:1 B: looked @99"));
}

TEST(Difference, HealthAloneIsNoChange) {
  Device ill = test::device("0", "A");
  ill.properties = {{"health", "failed"}, {"health-reason", "worn out"}};
  const KnownDevices after = known({ill});
  EXPECT_THAT(difference_of(known({test::device("0", "A")}), after), IsEmpty());
  EXPECT_EQ(after.at("A").health, "failed");
  EXPECT_EQ(after.at("A").health_reason, "worn out");
}

TEST(Difference, ADeviceWithAnotherIndexIsTheSameOne) {
  EXPECT_THAT(difference_of(known({test::device("1", "B")}), known({test::device("0", "B")})),
              ElementsAre("changed acme:0 B: looked (it was acme:1) @99"));
}

TEST(Difference, WhatOnlyTheJournalRemembersDidNotChange) {
  KnownDevices before;
  before["A"] = {"sim", "acme:0", "", {}, "", ""};
  EXPECT_THAT(difference_of(before, known({test::device("0", "A")})), IsEmpty());
}

TEST(Difference, ADeviceIsFoundByAnyNameItsOwnFirst) {
  Device whole = test::device("0", "W");
  whole.pci = "0000:01:00.0";
  Device part = test::device("0:1", "P");
  part.parent = "acme:0";
  const KnownDevices all = known({whole, part});
  EXPECT_EQ(device_called(all, "ACME:0")->first, "W");
  EXPECT_EQ(device_called(all, "p")->first, "P");
  EXPECT_NE(device_called(all, "0000:01:00.0"), all.end());
  EXPECT_EQ(device_called(all, "acme:7"), all.end());
}

TEST(Difference, SentencesNameDeviceContainerAndReason) {
  HostEvent event;
  event.kind = HostEventKind::kLost;
  event.device = "acme:0";
  event.key = "GPU-1";
  event.reason = "is not there any more";
  event.container = {"0123", "train", "docker", "", ""};
  EXPECT_EQ(sentence_of(event),
            "device acme:0 (GPU-1) is lost while container train (docker) holds it: is not there "
            "any more");
  event.container = {"0123", "", "", "", ""};
  event.key = "acme:0";
  EXPECT_EQ(sentence_of(event),
            "device acme:0 is lost while container 0123 holds it: is not there any more");
  event.kind = HostEventKind::kRemoved;
  event.reason = "pulled out";
  EXPECT_EQ(sentence_of(event), "device acme:0 went away: pulled out");
  event.kind = HostEventKind::kHealth;
  event.health = "degraded";
  EXPECT_EQ(sentence_of(event), "device acme:0 is degraded: pulled out");
  event.health = "ok";
  EXPECT_EQ(sentence_of(event), "device acme:0 works again: pulled out");
}

}  // namespace
}  // namespace xpu
