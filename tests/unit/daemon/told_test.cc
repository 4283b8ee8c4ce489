// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/told.h"

#include <gtest/gtest.h>

namespace xpu {
namespace {

HostEvent event(HostEventKind kind, const std::string& key) {
  HostEvent out;
  out.kind = kind;
  out.backend = "sim";
  out.device = "acme:0";
  out.key = key;
  out.reason = "why";
  return out;
}

HostEvent lost(const std::string& container, const std::string& key) {
  HostEvent out = event(HostEventKind::kLost, key);
  out.container.id = container;
  return out;
}

HostEvent health(const std::string& key, const std::string& state) {
  HostEvent out = event(HostEventKind::kHealth, key);
  out.health = state;
  return out;
}

TEST(Told, RemembersWhichDevicesAreThere) {
  const Told told({event(HostEventKind::kAdded, "A"), event(HostEventKind::kAdded, "B"),
                   event(HostEventKind::kRemoved, "A")},
                  true);
  const KnownDevices devices = told.devices_of("sim", {});
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices.begin()->first, "B");
  EXPECT_EQ(devices.begin()->second.id, "acme:0");
  EXPECT_TRUE(told.devices_of("other", {}).empty());
  EXPECT_TRUE(told.spoke_of("A"));
  EXPECT_FALSE(told.spoke_of("C"));
}

TEST(Told, OfAJournalThatLostItsBeginningUnknownDevicesAreNotNew) {
  KnownDevices now;
  now["A"] = {"sim", "acme:0", "print", {}, "", ""};
  now["B"] = {"sim", "acme:1", "print", {}, "", ""};
  const std::vector<HostEvent> events = {event(HostEventKind::kAdded, "B"),
                                         event(HostEventKind::kRemoved, "B")};
  EXPECT_EQ(Told(events, true).devices_of("sim", now).size(), 0U);
  const KnownDevices devices = Told(events, false).devices_of("sim", now);
  EXPECT_EQ(devices.size(), 1U);
  EXPECT_TRUE(devices.contains("A"));
}

TEST(Told, RemembersHealthUntilTheDeviceIsAnotherOne) {
  Told told({health("A", "degraded"), health("A", "failed")}, true);
  EXPECT_EQ(told.health_of("A"), "failed");
  EXPECT_EQ(told.health_of("B"), "ok");
  told.add(event(HostEventKind::kAdded, "A"));
  EXPECT_EQ(told.health_of("A"), "ok");
}

TEST(Told, ALossIsToldOnceUntilTheDeviceComesBack) {
  Told told({lost("c", "A")}, true);
  EXPECT_TRUE(told.is_lost("c", "A"));
  EXPECT_FALSE(told.is_lost("d", "A"));
  EXPECT_FALSE(told.is_lost("c", "B"));
  told.add(event(HostEventKind::kAdded, "B"));
  EXPECT_TRUE(told.is_lost("c", "A"));
  told.add(event(HostEventKind::kAdded, "A"));
  EXPECT_FALSE(told.is_lost("c", "A"));
}

TEST(Told, ADeviceThatWorksAgainCanBeLostAgain) {
  Told told({health("A", "failed"), lost("c", "A"), health("A", "ok")}, true);
  EXPECT_FALSE(told.is_lost("c", "A"));
}

TEST(Told, RemembersWhatWasSaidOfABackend) {
  HostEvent said = event(HostEventKind::kBackend, "");
  said.reason = "it is failed: broken";
  const Told told({said}, true);
  EXPECT_EQ(told.of_backend("sim"), "it is failed: broken");
  EXPECT_EQ(told.of_backend("other"), "");
}

}  // namespace
}  // namespace xpu
