// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/health/health.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/daemon/sample.h"

namespace xpu {
namespace {

using test::backend;
using test::device;
using testing::ElementsAre;
using testing::IsEmpty;
using watch::EventKind;

class PictureTest : public testing::Test {
 protected:
  // "KIND DEVICE REASON" of everything in the journal that was not given before.
  std::vector<std::string> journal() {
    std::vector<std::string> out;
    for (const HostEvent& event : reader_.next()) {
      out.push_back(std::string(to_string(event.kind)) + " " +
                    (event.device.empty() ? event.backend : event.device) + " " +
                    (event.health.empty() ? "" : event.health + " ") + event.reason);
    }
    return out;
  }

  test::TempDir temp_;
  std::string dir_ = temp_ / "state";
  EventReader reader_{dir_};
};

TEST_F(PictureTest, TellsEachChangeOnce) {
  Picture picture(dir_);
  EXPECT_THAT(picture.take({backend({device("0", "A")})}, true, {}, "found"), ElementsAre("sim"));
  EXPECT_THAT(journal(), ElementsAre("added acme:0 found"));
  EXPECT_THAT(picture.take({backend({device("0", "A")})}, true, {}, "found"), IsEmpty());
  EXPECT_THAT(journal(), IsEmpty());
  EXPECT_THAT(
      picture.take({backend({device("0", "A"), device("1", "B")})}, false,
                   {{"sim", {test::event(EventKind::kAdded, "acme:1", "plugged in")}}}, "found"),
      ElementsAre("sim"));
  EXPECT_THAT(journal(), ElementsAre("added acme:1 plugged in"));
  EXPECT_EQ(picture.counts().at(HostEventKind::kAdded), 2U);
}

TEST_F(PictureTest, OneThatBeginsAnewTellsOnlyWhatHappenedInBetween) {
  Picture(dir_).take({backend({device("0", "A"), device("1", "B")})}, true, {}, "found");
  journal();
  Picture same(dir_);
  EXPECT_THAT(same.take({backend({device("0", "A"), device("1", "B")})}, true, {}, "found"),
              ElementsAre("sim"));
  EXPECT_THAT(journal(), IsEmpty());
  Picture(dir_).take({backend({device("1", "B"), device("2", "C")})}, true, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("removed acme:0 found", "added acme:2 found"));
}

TEST_F(PictureTest, ABackendThatFailsTakesNoDeviceAway) {
  Picture picture(dir_);
  picture.take({backend({device("0", "A")})}, true, {}, "found");
  journal();
  BackendStatus failed = backend({}, BackendState::kFailed);
  failed.reason = "backend sim: it hangs";
  picture.take({failed}, false, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("backend sim it is failed: it hangs"));
  picture.take({failed}, false, {}, "found");
  EXPECT_THAT(journal(), IsEmpty());
  picture.take({backend({device("0", "A")})}, false, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("backend sim works again"));
}

TEST_F(PictureTest, ThatABackendFailsIsToldOnceAlsoByTheNextOne) {
  BackendStatus failed = backend({}, BackendState::kFailed);
  failed.reason = "backend sim: it hangs";
  Picture(dir_).take({failed}, true, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("backend sim it is failed: it hangs"));
  Picture(dir_).take({failed}, true, {}, "found");
  EXPECT_THAT(journal(), IsEmpty());
  Picture(dir_).take({backend({})}, true, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("backend sim works again"));
}

TEST_F(PictureTest, AbsentDisabledAndUninstalledBackendsHaveNoDevices) {
  Picture picture(dir_);
  const BackendStatus there = backend({device("0", "A")});
  for (int i = 0; i < 3; ++i) {
    picture.take({there}, true, {}, "found");
    journal();
    if (i < 2) {
      picture.take({backend({}, i == 0 ? BackendState::kAbsent : BackendState::kDisabled)}, true,
                   {}, "found");
    } else {
      picture.take({}, true, {}, "found");
    }
    const char* reasons[] = {"removed acme:0 found", "removed acme:0 its backend is disabled",
                             "removed acme:0 the backend sim is not installed any more"};
    EXPECT_THAT(journal(), ElementsAre(reasons[i]));
  }
}

TEST_F(PictureTest, ALookAtOneBackendSaysNothingOfOthers) {
  Picture picture(dir_);
  Device other = device("0", "Z");
  other.id = "zed:0";
  picture.take({backend({device("0", "A")}), backend({other}, BackendState::kReady, "zed")}, true,
               {}, "found");
  journal();
  picture.take({backend({})}, false, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("removed acme:0 found"));
  EXPECT_EQ(picture.statuses().size(), 2U);
}

TEST_F(PictureTest, HealthEventsMarkAndAreTold) {
  Picture picture(dir_);
  picture.take({backend({device("0", "A")})}, true, {}, "found");
  journal();
  picture.take_health("sim", test::health("acme:0", watch::Health::kFailed, "Xid 79"));
  EXPECT_THAT(journal(), ElementsAre("health acme:0 failed Xid 79"));
  ASSERT_EQ(health_marks(dir_).size(), 1U);
  EXPECT_EQ(health_marks(dir_)[0].key, "A");
  EXPECT_TRUE(health_marks(dir_)[0].failed);
  // Again the same, also after a new beginning: nothing new.
  picture.take_health("sim", test::health("A", watch::Health::kFailed, "Xid 79"));
  Picture(dir_).take({backend({device("0", "A")})}, true, {}, "found");
  EXPECT_THAT(journal(), IsEmpty());
  picture.take_health("sim", test::health("acme:0", watch::Health::kFailed, "Xid 48"));
  EXPECT_THAT(journal(), ElementsAre("health acme:0 failed Xid 48"));
  picture.take_health("sim", test::health("acme:0", watch::Health::kOk, "was reset"));
  EXPECT_THAT(journal(), ElementsAre("health acme:0 ok was reset"));
  EXPECT_THAT(health_marks(dir_), IsEmpty());
}

TEST_F(PictureTest, HealthOfAnUnknownDeviceMarksNothing) {
  Picture picture(dir_);
  picture.take({backend({device("0", "A")})}, true, {}, "found");
  journal();
  picture.take_health("sim", test::health("acme:7", watch::Health::kFailed, "Xid 79"));
  EXPECT_THAT(journal(), IsEmpty());
  EXPECT_THAT(health_marks(dir_), IsEmpty());
}

TEST_F(PictureTest, WhatADescriptionSaysOfHealthIsToldWhenNoEventDid) {
  Picture picture(dir_);
  picture.take({backend({device("0", "A")})}, true, {}, "found");
  journal();
  Device ill = device("0", "A");
  ill.properties = {{"health", "degraded"}, {"health-reason", "worn"}};
  picture.take({backend({ill})}, false, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("health acme:0 degraded worn"));
  picture.take({backend({ill})}, false, {}, "found");
  EXPECT_THAT(journal(), IsEmpty());
  picture.take({backend({device("0", "A")})}, false, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("health acme:0 ok so its backend describes it"));
}

TEST_F(PictureTest, AnEventAndADescriptionOfOneThingAreOneEvent) {
  Picture picture(dir_);
  picture.take({backend({device("0", "A")})}, true, {}, "found");
  journal();
  picture.take_health("sim", test::health("acme:0", watch::Health::kFailed, "burnt"));
  Device ill = device("0", "A");
  ill.properties = {{"health", "failed"}, {"health-reason", "burnt"}};
  picture.take({backend({ill})}, false, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("health acme:0 failed burnt"));
}

TEST_F(PictureTest, AMarkThatNobodyCouldTellIsToldByTheNextOne) {
  Picture(dir_).take({backend({device("0", "A")})}, true, {}, "found");
  journal();
  change_health_marks(dir_, [](std::vector<HealthMark>& marks) {
    marks.push_back({"A", "acme:0", "sim", true, 1, "killed before it said so"});
  });
  Picture(dir_).take({backend({device("0", "A")})}, true, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("health acme:0 failed killed before it said so"));
}

TEST_F(PictureTest, ADeviceThatWasAwayComesBackWithoutItsMark) {
  Picture picture(dir_);
  picture.take({backend({device("0", "A"), device("1", "B")})}, true, {}, "found");
  picture.take_health("sim", test::health("acme:0", watch::Health::kFailed, "burnt"));
  picture.take_health("sim", test::health("acme:1", watch::Health::kFailed, "burnt"));
  picture.take({backend({device("1", "B")})}, false, {}, "found");
  EXPECT_EQ(health_marks(dir_).size(), 2U);
  journal();
  picture.take({backend({device("0", "A"), device("1", "B")})}, false, {}, "found");
  EXPECT_THAT(journal(), ElementsAre("added acme:0 found"));
  ASSERT_EQ(health_marks(dir_).size(), 1U);
  EXPECT_EQ(health_marks(dir_)[0].key, "B");
}

TEST_F(PictureTest, ALossIsToldOncePerContainerAndDevice) {
  Picture picture(dir_);
  picture.take({backend({device("0", "A"), device("1", "B")})}, true, {}, "found");
  Record record;
  record.id = "0123";
  record.runtime_root = "/run/runc";
  record.origin.name = "train";
  record.origin.engine = "docker";
  record.held = {{"acme:0", "A", "", "acme", "One", std::nullopt, ""}};
  // Which backend described it is told by what was selected.
  record.nodes = {};
  picture.take_live({record});
  journal();
  picture.take({backend({device("1", "B")})}, false, {}, "found");
  picture.take_live({record});
  const std::vector<HostEvent> events = EventReader(dir_).next();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind, HostEventKind::kLost);
  EXPECT_EQ(events.back().container, (EventContainer{"0123", "train", "docker", "", ""}));
  EXPECT_EQ(picture.lost().size(), 1U);
  journal();
  picture.take_live({record});
  Picture next(dir_);
  next.take({backend({device("1", "B")})}, true, {}, "found");
  next.take_live({record});
  EXPECT_THAT(journal(), IsEmpty());
  EXPECT_EQ(next.lost().size(), 1U);
}

}  // namespace
}  // namespace xpu
