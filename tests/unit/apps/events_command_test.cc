// SPDX-License-Identifier: Apache-2.0
#include "core/apps/events_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

HostEvent event() {
  HostEvent out;
  out.time_ns = 1000'000'000'000;
  out.kind = HostEventKind::kHealth;
  out.device = "acme:0";
  out.key = "ACME-0";
  out.reason = "hot";
  out.container = {"3f2a9c01", "main", "kubernetes", "web-0", "shop"};
  return out;
}

TEST(EventsCommand, ShowsWhatIsAskedFor) {
  EventsWish wish;
  EXPECT_TRUE(wanted(event(), wish, 0));
  EXPECT_TRUE(wanted(event(), wish, 1000));
  EXPECT_FALSE(wanted(event(), wish, 1001));
  wish.kinds = {"added", "health"};
  EXPECT_TRUE(wanted(event(), wish, 0));
  wish.kinds = {"added"};
  EXPECT_FALSE(wanted(event(), wish, 0));
  wish.kinds.clear();
  for (const char* const device : {"acme:0", "ACME-0"}) {
    wish.device = device;
    EXPECT_TRUE(wanted(event(), wish, 0)) << device;
  }
  wish.device = "acme:1";
  EXPECT_FALSE(wanted(event(), wish, 0));
  wish.device.clear();
  for (const char* const name : {"3f2a", "main", "web-0", "shop/web-0"}) {
    wish.container = name;
    EXPECT_TRUE(wanted(event(), wish, 0)) << name;
  }
  wish.container = "other";
  EXPECT_FALSE(wanted(event(), wish, 0));
  HostEvent none = event();
  none.container = {};
  wish.container = "main";
  EXPECT_FALSE(wanted(none, wish, 0));
}

TEST(EventsCommand, KnowsWhetherXpudRuns) {
  const test::TempDir dir;
  const std::string missing = cat("xpud does not run for ", dir.path(),
                                  ": nothing new is written until it does; start it with: "
                                  "systemctl start xpud");
  EXPECT_EQ(xpud_missing(dir.path()), missing);
  dir.write("xpud.lock", "not a number\n");
  EXPECT_EQ(xpud_missing(dir.path()), missing);
  // A process that is another program: the number is somebody else's by now.
  dir.write("xpud.lock", cat(::getpid(), "\n"));
  EXPECT_EQ(xpud_missing(dir.path()), missing);
  const std::string name = test::slurp("/proc/self/comm");
  std::ofstream("/proc/self/comm") << "xpud";
  EXPECT_EQ(xpud_missing(dir.path()), "");
  std::ofstream("/proc/self/comm") << name;
}

}  // namespace
}  // namespace xpu
