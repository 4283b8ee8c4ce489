// SPDX-License-Identifier: Apache-2.0
// The parts by themselves: layouts of gpu_metrics, counters of RAS, the rules of health.
#include "backends/amd/gpu_metrics.h"
#include "backends/amd/health.h"
#include "backends/amd/ras.h"
#include "tests/fakes/amd_machine/sensors.h"
#include "tests/unit/amd_live/live.h"

namespace xpu::test {
namespace {

using namespace std::chrono_literals;
using amd::GpuHealth;
using amd::HealthRules;
using amd::parse_gpu_metrics;
using fakes::gpu_metrics_file;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(GpuMetrics, OfAnMi200TheEnergyIsKnown) {
  const std::string bytes = gpu_metrics_file(
      1, 3, 120, {{20, 2, 30}, {24, 8, 65536}, {60, 2, 900}, {112, 8, 1ULL << 36 | 1}});
  const auto metrics = parse_gpu_metrics(bytes, true);
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->energy_joules, 1);
  EXPECT_EQ(metrics->media, 0.3);
  EXPECT_EQ(metrics->media_hertz, 900e6);
  EXPECT_THAT(metrics->throttled, ElementsAre(Pair("current", false), Pair("other", false),
                                              Pair("power", true), Pair("thermal", true)));
  EXPECT_THAT(metrics->throttle_residency, IsEmpty());
  EXPECT_THAT(metrics->xgmi_received, IsEmpty());
  EXPECT_FALSE(parse_gpu_metrics(bytes, false)->energy_joules);
}

TEST(GpuMetrics, WhatTheDriverDoesNotKnow) {
  for (const auto& [format, content, size] :
       {std::tuple(1u, 1u, 96u), std::tuple(1u, 2u, 104u), std::tuple(1u, 3u, 120u),
        std::tuple(1u, 4u, 288u), std::tuple(1u, 5u, 328u), std::tuple(1u, 6u, 1664u),
        std::tuple(1u, 7u, 2208u), std::tuple(1u, 8u, 3360u), std::tuple(2u, 2u, 128u),
        std::tuple(2u, 3u, 152u), std::tuple(2u, 4u, 168u), std::tuple(3u, 0u, 264u)}) {
    SCOPED_TRACE(std::to_string(format) + "." + std::to_string(content));
    const auto metrics = parse_gpu_metrics(gpu_metrics_file(format, content, size, {}), true);
    ASSERT_TRUE(metrics);
    EXPECT_FALSE(metrics->energy_joules);
    EXPECT_FALSE(metrics->media);
    EXPECT_FALSE(metrics->media_hertz);
    EXPECT_THAT(metrics->throttled, IsEmpty());
    EXPECT_THAT(metrics->throttle_residency, IsEmpty());
    for (const auto& link : metrics->xgmi_received) {
      EXPECT_FALSE(link);
    }
    for (const auto& part : metrics->parts) {
      EXPECT_FALSE(part);
    }
  }
}

TEST(GpuMetrics, LayoutsThatAreNotKnown) {
  EXPECT_FALSE(parse_gpu_metrics("", true));
  EXPECT_FALSE(parse_gpu_metrics(std::string("\x04\0\x01", 3), true));
  EXPECT_FALSE(parse_gpu_metrics(gpu_metrics_file(1, 9, 4096, {}), true));
  EXPECT_FALSE(parse_gpu_metrics(gpu_metrics_file(1, 6, 368, {}), true)) << "the other 1.6";
  EXPECT_FALSE(parse_gpu_metrics(gpu_metrics_file(1, 3, 120, {}).substr(0, 119), true)) << "cut";
}

TEST(GpuMetrics, MediaEnginesOfAnMi300) {
  const auto metrics = parse_gpu_metrics(
      gpu_metrics_file(1, 5, 328, {{16, 2, 20}, {18, 2, 40}, {20, 2, 60000}, {56, 8, 131072}}),
      false);
  EXPECT_EQ(metrics->media, 0.3);
  EXPECT_EQ(metrics->energy_joules, 2);
}

// The figures of health.cc as the manifest has them.
class Rules : public testing::Test {
 protected:
  HealthRules rules(const std::map<std::string, std::string>& more = {}) const {
    const auto options = options_of(tree_.path(), more);
    return amd::health_rules([&](const std::string& name) { return options.at(name); },
                             sdk::Root(tree_.path()));
  }
  static std::string said(const GpuHealth& health, const HealthRules& rules, GpuHealth::Time now) {
    const amd::Verdict verdict = health.verdict(rules, now);
    return std::string(amd::to_string(verdict.health)) + ": " + verdict.reason;
  }

  sdk::test::Tree tree_;
  const GpuHealth::Time now_ = GpuHealth::Clock::now();
};

TEST_F(Rules, AResetIsForgottenAfterAnHour) {
  GpuHealth health;
  EXPECT_EQ(said(health, rules(), now_), "ok: ");
  health.resetting("", now_);
  EXPECT_EQ(said(health, rules(), now_), "failed: it is being reset");
  EXPECT_EQ(said(health, rules(), now_ + 2h), "failed: it is being reset") << "it never ends";
  health.reset_done("", now_);
  EXPECT_EQ(said(health, rules(), now_ + 59min), "degraded: it was reset once within an hour");
  EXPECT_EQ(said(health, rules(), now_ + 1h), "ok: ");
}

TEST_F(Rules, ResetsThatAreTooMany) {
  GpuHealth health;
  for (int reset = 0; reset < 5; ++reset) {
    EXPECT_EQ(health.verdict(rules(), now_ + 1h).health == sdk::Health::kFailed, false);
    health.resetting("", now_ + reset * 1min);
    health.reset_done("", now_ + reset * 1min);
  }
  EXPECT_EQ(said(health, rules(), now_ + 5min), "failed: it was reset 5 times within an hour");
  EXPECT_EQ(said(health, rules({{"many-resets", "0"}}), now_ + 5min),
            "degraded: it was reset 5 times within an hour");
  EXPECT_EQ(said(health, rules(), now_ + 60min), "degraded: it was reset 4 times within an hour");
}

TEST_F(Rules, CountersOfRas) {
  GpuHealth health;
  amd::RasCounts counts;
  counts.uncorrected = 0;
  counts.corrected = 9;
  counts.bad_pages = 300;
  counts.unsafe_pages = 0;
  health.counted(counts);
  EXPECT_EQ(said(health, rules(), now_), "ok: ") << "no limit is known";
  EXPECT_EQ(said(health, rules({{"bad-pages", "300"}}), now_),
            "failed: pages of its memory out of use: 300; the limit is 300");
  tree_.file("/sys/module/amdgpu/parameters/bad_page_threshold", "256\n");
  EXPECT_EQ(said(health, rules(), now_),
            "failed: pages of its memory out of use: 300; the limit is 256");
  tree_.file("/sys/module/amdgpu/parameters/bad_page_threshold", "-1\n");
  EXPECT_EQ(said(health, rules(), now_), "ok: ");
  counts.uncorrected = 2;
  health.counted(counts);
  EXPECT_EQ(said(health, rules(), now_),
            "degraded: uncorrected errors since the driver was loaded: 2");
  EXPECT_EQ(said(health, rules({{"health-uncorrected", "ok"}}), now_), "ok: ");
}

TEST_F(Rules, TheWorstIsSaid) {
  GpuHealth health;
  amd::RasCounts counts;
  counts.uncorrected = 2;
  health.counted(counts);
  health.wedged("given up");
  EXPECT_EQ(said(health, rules(), now_), "failed: given up");
  health.throttled("hot", now_);
  EXPECT_EQ(said(health, rules({{"health-throttled", "failed"}, {"health-wedged", "degraded"}}),
                 now_ + 59s),
            "failed: hot");
  EXPECT_EQ(said(health, rules({{"health-throttled", "failed"}, {"health-wedged", "degraded"}}),
                 now_ + 60s),
            "degraded: given up");
}

// describe() says the same of what is counted.
class Described1 : public Machine {};
TEST_F(Described1, HealthIsByTheSameRules) {
  add("0000:03:00.0").uncorrectable = 3;
  add("0000:04:00.0");
  make_amd_machine(machine_);
  tree_.file("/sys/devices/pci0000:00/0000:00:01.1/0000:04:00.0/ras/gpu_vram_bad_pages",
             "0x1 : 0x1000 : R\n");
  EXPECT_EQ(property(describe(tree_.path()).device("amd:0"), "health"), "degraded");
  EXPECT_EQ(property(describe(tree_.path()).device("amd:1"), "health"), "ok");
  const Described strict =
      describe(tree_.path(), {{"health-uncorrected", "failed"}, {"bad-pages", "1"}});
  EXPECT_EQ(property(strict.device("amd:0"), "health"), "failed");
  EXPECT_EQ(property(strict.device("amd:1"), "health"), "failed");
}

}  // namespace
}  // namespace xpu::test
