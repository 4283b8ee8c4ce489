// SPDX-License-Identifier: Apache-2.0
#include "core/lease/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace xpu {
namespace {

using testing::IsNull;
using testing::NotNull;

const HeldDevice kWhole{"acme:0", "ACME-0", ""};
const HeldDevice kOther{"acme:1", "ACME-1", ""};
const HeldDevice kPart0{"acme:0:0", "ACME-0-0", "ACME-0"};
const HeldDevice kPart1{"acme:0:1", "ACME-0-1", "ACME-0"};

Lease lease(const std::string& id, bool exclusive, std::vector<HeldDevice> devices) {
  Lease out;
  out.id = id;
  out.runtime_root = "/run/runc";
  out.exclusive = exclusive;
  out.devices = std::move(devices);
  return out;
}

Waiter waiter(const std::string& id, std::vector<std::string> keys,
              std::vector<std::string> parent_keys = {}) {
  Waiter out;
  out.id = id;
  out.runtime_root = "/run/runc";
  out.keys = std::move(keys);
  out.parent_keys = std::move(parent_keys);
  return out;
}

TEST(LeaseKey, IsWhatADeviceKeepsWhenItsIndexChanges) {
  Device device;
  device.id = "acme:3";
  EXPECT_EQ(lease_key(device), "acme:3");
  device.pci = "0000:03:00.0";
  EXPECT_EQ(lease_key(device), "0000:03:00.0");
  device.uuid = "ACME-1234";
  EXPECT_EQ(lease_key(device), "ACME-1234");
}

TEST(LeaseKey, OfAPartIsNotTheAddressOfTheWhole) {
  Device part;
  part.id = "acme:3:1";
  part.pci = "0000:03:00.0";
  part.parent = "acme:3";
  EXPECT_EQ(lease_key(part), "acme:3:1");
  part.parent = "";
  part.kind = DeviceKind::kPartition;
  EXPECT_EQ(lease_key(part), "acme:3:1");
  part.uuid = "PART-1";
  EXPECT_EQ(lease_key(part), "PART-1");
}

TEST(Holdings, NobodyIsInTheWayOnAnIdleHost) {
  const Holdings none;
  EXPECT_TRUE(none.empty());
  EXPECT_THAT(none.obstacle(kWhole, true, 1).holder, IsNull());
  EXPECT_EQ(none.holders(kWhole), 0u);
  EXPECT_FALSE(none.overtakes(nullptr, {kWhole}));
  EXPECT_THAT(none.lease_of("/run/runc", "a"), IsNull());
}

struct Case {
  const char* what;
  HeldDevice held;
  bool held_exclusive;
  HeldDevice wanted;
  bool wanted_exclusive;
  bool in_the_way;
};

TEST(Holdings, ADeviceAndItsPartsStandInEachOthersWay) {
  const Case cases[] = {
      {"same, both shared", kWhole, false, kWhole, false, false},
      {"same, holder exclusive", kWhole, true, kWhole, false, true},
      {"same, newcomer exclusive", kWhole, false, kWhole, true, true},
      {"same, both exclusive", kWhole, true, kWhole, true, true},
      {"another, both exclusive", kWhole, true, kOther, true, false},
      {"part of a shared device", kWhole, false, kPart0, false, false},
      {"part of an exclusive device", kWhole, true, kPart0, false, true},
      {"exclusive part of a shared device", kWhole, false, kPart0, true, true},
      {"device of a shared part", kPart0, false, kWhole, false, false},
      {"device of an exclusive part", kPart0, true, kWhole, false, true},
      {"exclusive device of a shared part", kPart0, false, kWhole, true, true},
      {"two parts, both exclusive", kPart0, true, kPart1, true, false},
      {"same part, holder exclusive", kPart0, true, kPart0, false, true},
  };
  for (const Case& c : cases) {
    const Holdings holdings({lease("x", false, {kOther}), lease("a", c.held_exclusive, {c.held})},
                            {});
    const bool other = c.wanted == kOther && c.wanted_exclusive;
    const Obstacle found = Holdings({lease("a", c.held_exclusive, {c.held})}, {})
                               .obstacle(c.wanted, c.wanted_exclusive, 0);
    EXPECT_EQ(found.holder != nullptr, c.in_the_way) << c.what;
    EXPECT_FALSE(found.limit) << c.what;
    // Somebody who has to do with another device changes nothing.
    if (!other) {
      const Obstacle among = holdings.obstacle(c.wanted, c.wanted_exclusive, 0);
      EXPECT_EQ(among.holder != nullptr, c.in_the_way) << c.what;
      EXPECT_TRUE(among.holder == nullptr || among.holder->id == "a") << c.what;
    }
  }
}

TEST(Holdings, AnOwnOlderLeaseIsNotInTheWay) {
  const Lease mine = lease("mine", true, {kWhole});
  const Holdings holdings({mine, lease("other", false, {kOther})}, {});
  EXPECT_THAT(holdings.obstacle(kWhole, true, 1).holder, NotNull());
  EXPECT_THAT(holdings.obstacle(kWhole, true, 1, &mine).holder, IsNull());
  EXPECT_THAT(holdings.obstacle(kWhole, false, 1, &mine).holder, IsNull());
  EXPECT_THAT(holdings.obstacle(kOther, true, 0, &mine).holder, NotNull());
  Lease elsewhere = mine;
  elsewhere.runtime_root = "/run/crun";  // another container of the same id
  EXPECT_THAT(holdings.obstacle(kWhole, true, 1, &elsewhere).holder, NotNull());
}

TEST(Holdings, ASecondExclusiveLeaseCountsWhenTheFirstIsTheOwn) {
  const Lease mine = lease("mine", true, {kPart0});
  const Holdings holdings({lease("shared", false, {kOther}), mine, lease("theirs", true, {kPart1})},
                          {});
  const Obstacle found = holdings.obstacle(kWhole, false, 0, &mine);
  ASSERT_THAT(found.holder, NotNull());
  EXPECT_EQ(found.holder->id, "theirs");
}

TEST(Holdings, AsManyShareADeviceAsMay) {
  const Lease b = lease("b", false, {kWhole, kPart0});
  const Holdings holdings({lease("a", false, {kWhole}), b, lease("c", false, {kPart0, kPart1})},
                          {});
  EXPECT_EQ(holdings.holders(kWhole), 3u);
  EXPECT_EQ(holdings.holders(kPart0), 2u);
  EXPECT_EQ(holdings.holders(kPart1), 1u);
  EXPECT_EQ(holdings.holders(kOther), 0u);
  struct {
    HeldDevice device;
    unsigned limit;
    const Lease* except;
    const char* holder;  // "" for nobody
  } const cases[] = {
      {kWhole, 0, nullptr, ""},  {kWhole, 4, nullptr, ""},  {kWhole, 3, nullptr, "a"},
      {kWhole, 1, nullptr, "a"}, {kWhole, 3, &b, ""},       {kWhole, 2, &b, "a"},
      {kPart0, 3, nullptr, "a"},  // "a" may use all of the device, and so this part
      {kPart1, 4, nullptr, ""},  {kPart1, 3, nullptr, "a"}, {kOther, 1, nullptr, ""},
  };
  for (const auto& c : cases) {
    const Obstacle found = holdings.obstacle(c.device, false, c.limit, c.except);
    EXPECT_EQ(found.holder == nullptr ? "" : found.holder->id, c.holder)
        << c.device.id << ' ' << c.limit;
    EXPECT_EQ(found.limit, found.holder != nullptr) << c.device.id << ' ' << c.limit;
  }
}

TEST(Holdings, FindLeaseAndWaiterOfAContainer) {
  const Holdings holdings({lease("a", false, {kWhole})}, {waiter("w", {"ACME-0"})});
  EXPECT_FALSE(holdings.empty());
  ASSERT_THAT(holdings.lease_of("/run/runc", "a"), NotNull());
  EXPECT_EQ(*holdings.lease_of("/run/runc", "a"), holdings.leases()[0]);
  EXPECT_THAT(holdings.lease_of("/run/crun", "a"), IsNull());
  EXPECT_EQ(holdings.waiter_of("/run/runc", "w"), &holdings.waiters()[0]);
  EXPECT_THAT(holdings.waiter_of("/run/runc", "a"), IsNull());
}

TEST(Holdings, NobodyOvertakesWhoWaitsLonger) {
  const Holdings holdings({}, {waiter("first", {"ACME-0"}), waiter("second", {"ACME-0", "ACME-1"}),
                               waiter("third", {"ACME-2-0"}, {"ACME-2"})});
  const Waiter& first = holdings.waiters()[0];
  const Waiter& second = holdings.waiters()[1];
  const Waiter& third = holdings.waiters()[2];
  const HeldDevice free{"acme:3", "ACME-3", ""};
  const HeldDevice split{"acme:2", "ACME-2", ""};
  const HeldDevice awaited{"acme:2:0", "ACME-2-0", "ACME-2"};
  const HeldDevice sibling{"acme:2:1", "ACME-2-1", "ACME-2"};
  EXPECT_FALSE(holdings.overtakes(&first, {kWhole}));
  EXPECT_TRUE(holdings.overtakes(&second, {kWhole}));
  EXPECT_FALSE(holdings.overtakes(&second, {kOther}));
  EXPECT_TRUE(holdings.overtakes(nullptr, {kWhole}));
  EXPECT_TRUE(holdings.overtakes(nullptr, {kOther}));
  EXPECT_FALSE(holdings.overtakes(nullptr, {free}));
  EXPECT_TRUE(holdings.overtakes(nullptr, {kPart0}));  // a part of what is waited for
  EXPECT_TRUE(holdings.overtakes(nullptr, {split}));   // of which a part is waited for
  EXPECT_TRUE(holdings.overtakes(nullptr, {awaited}));
  EXPECT_FALSE(holdings.overtakes(nullptr, {sibling}));
  EXPECT_FALSE(holdings.overtakes(&third, {awaited}));
  const Waiter stranger = waiter("new", {"ACME-1"});  // not in the queue yet
  EXPECT_TRUE(holdings.overtakes(&stranger, {kOther}));
}

TEST(Holdings, CopiesOutliveTheOriginal) {
  Holdings copy;
  {
    const Holdings original({lease("a", true, {kWhole})}, {waiter("w", {"ACME-1"})});
    copy = original;
  }
  ASSERT_THAT(copy.obstacle(kWhole, false, 0).holder, NotNull());
  EXPECT_EQ(copy.obstacle(kWhole, false, 0).holder->id, "a");
  EXPECT_TRUE(copy.overtakes(nullptr, {kOther}));
}

TEST(Holdings, TellsAThousandLeasesApart) {
  std::vector<Lease> leases;
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    leases.push_back(lease("c" + n, i % 2 == 0, {{"acme:" + n, "ACME-" + n, ""}}));
  }
  const Holdings holdings(std::move(leases), {});
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    const HeldDevice device{"acme:" + n, "ACME-" + n, ""};
    const Obstacle shared = holdings.obstacle(device, false, 0);
    EXPECT_EQ(shared.holder != nullptr, i % 2 == 0) << n;
    const Obstacle exclusive = holdings.obstacle(device, true, 0);
    ASSERT_THAT(exclusive.holder, NotNull()) << n;
    EXPECT_EQ(exclusive.holder->id, "c" + n);
    EXPECT_EQ(holdings.holders(device), 1u);
  }
}

}  // namespace
}  // namespace xpu
