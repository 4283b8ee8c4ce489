// SPDX-License-Identifier: Apache-2.0
#include "core/attribution/fdinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xpu::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Fdinfo, IsNoDrmFileWithoutADriver) {
  const DrmUsage usage = parse_fdinfo("pos:\t0\nflags:\t02100002\nmnt_id:\t27\nino:\t5\n");
  EXPECT_FALSE(usage.is_drm());
  EXPECT_THAT(usage.engines, IsEmpty());
}

TEST(Fdinfo, HasEnginesAndRegions) {
  const DrmUsage usage = parse_fdinfo(
      "pos:\t0\ndrm-driver:\tacme\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t17\n"
      "drm-engine-render:\t1500000000 ns\ndrm-engine-video:\t5 ns\n"
      "drm-engine-capacity-video:\t2\n"
      "drm-total-vram:\t8 MiB\ndrm-resident-vram:\t4096 KiB\ndrm-shared-vram:\t1 KiB\n"
      "drm-memory-gtt:\t12\ndrm-total-system:\t3 KiB\n");
  EXPECT_TRUE(usage.is_drm());
  EXPECT_EQ(usage.device, "0000:03:00.0");
  EXPECT_EQ(usage.client, "17");
  ASSERT_EQ(usage.engines.size(), 2U);
  EXPECT_DOUBLE_EQ(usage.engines.at("render").seconds, 1.5);
  EXPECT_TRUE(usage.engines.at("render").timed);
  EXPECT_EQ(usage.engines.at("render").capacity, 1U);
  EXPECT_EQ(usage.engines.at("video").capacity, 2U);
  // What is resident counts before what was asked for.
  EXPECT_THAT(usage.regions,
              ElementsAre(Pair("gtt", 12), Pair("system", 3 * 1024), Pair("vram", 4096 * 1024)));
  EXPECT_EQ(memory_of(usage.regions), 4096 * 1024);
}

TEST(Fdinfo, MayCountCyclesInPlaceOfTime) {
  const DrmUsage usage = parse_fdinfo(
      "drm-driver:\tacme\ndrm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\n"
      "drm-engine-capacity-rcs:\t1\n");
  ASSERT_EQ(usage.engines.size(), 1U);
  EXPECT_FALSE(usage.engines.at("rcs").timed);
  EXPECT_EQ(usage.engines.at("rcs").cycles, 28257900U);
  EXPECT_EQ(usage.engines.at("rcs").total_cycles, 7655183225U);
}

TEST(Fdinfo, PassesOverWhatIsNotAsItShouldBe) {
  const DrmUsage usage = parse_fdinfo(
      "drm-driver:\tacme\ndrm-engine-:\t1 ns\ndrm-engine-Render Me:\t1 ns\n"
      "drm-engine-a:\tmany ns\ndrm-engine-b:\t7 hours\ndrm-memory-x:\t7 GiB\ndrm-memory-y:\t-7\n"
      "drm-memory-0123456789012345678901234567890123:\t7\ndrm-resident-z\ndrm-engine-c:\n"
      "drm-engine-d:\t99999999999999999999999 ns\n");
  EXPECT_TRUE(usage.is_drm());
  for (const auto& [name, engine] : usage.engines) {
    EXPECT_FALSE(engine.timed) << name;
  }
  EXPECT_THAT(usage.regions, IsEmpty());
}

TEST(Fdinfo, IsBounded) {
  std::string text = "drm-driver:\tacme\n";
  for (int i = 0; i < 1000; ++i) {
    text +=
        "drm-engine-e" + std::to_string(i) + ":\t1 ns\ndrm-memory-m" + std::to_string(i) + ":\t1\n";
  }
  EXPECT_EQ(parse_fdinfo(text).engines.size(), 64U);
  EXPECT_EQ(parse_fdinfo(text).regions.size(), 64U);
}

TEST(Fdinfo, TakesAllMemoryWhereNoneIsTheDevicesOwn) {
  EXPECT_EQ(memory_of({{"system", 5}, {"stolen", 2}}), 7);
  EXPECT_EQ(memory_of({{"system", 5}, {"local0", 2}, {"local1", 1}}), 3);
  EXPECT_EQ(memory_of({}), 0);
}

}  // namespace
}  // namespace xpu::test
