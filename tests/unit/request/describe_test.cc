// SPDX-License-Identifier: Apache-2.0
// Devices that are described, in the list or over variables of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/base/temp_dir.h"
#include "tests/unit/request/said.h"

namespace xpu {
namespace {

using test::asked;
using test::error_of;
using test::said;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Env = std::vector<std::string>;

Request parse(const Env& env) {
  return parse_request(said(env), {test::installed("acme", "ACME_DEVICES")}, Config(), "");
}

Request list(const std::string& value) {
  return parse({"XPU_VISIBLE_DEVICES=" + value});
}

std::string error_for(const Env& env) {
  return error_of([&] { parse(env); });
}

std::string list_error(const std::string& value) {
  return error_for({"XPU_VISIBLE_DEVICES=" + value});
}

// "key op value|value <source>", by the numbers of key and operator.
std::vector<std::string> tests(const Request& request) {
  constexpr const char* kKeys[] = {"memory", "arch", "vendor", "model", "kind", "driver", "numa"};
  constexpr const char* kOps[] = {"=", "!=", "<", "<=", ">", ">="};
  std::vector<std::string> out;
  for (const xpu::Test& test : request.tests) {
    std::string text = std::string(kKeys[static_cast<int>(test.key)]) +
                       kOps[static_cast<int>(test.op)] + test.values[0];
    for (std::size_t i = 1; i < test.values.size(); ++i) {
      text += "|" + test.values[i];
    }
    out.push_back(text + " <" + test.source + ">");
  }
  return out;
}

TEST(Attributes, AreReadFromTheList) {
  const Request request = list("count=2,vram>=24GiB,arch>=sm_90,vendor=acme|Globex,link=direct");
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.source, RequestSource::kEnvironment);
  EXPECT_EQ(request.variable, "XPU_VISIBLE_DEVICES");
  EXPECT_THAT(request.selectors, IsEmpty());
  ASSERT_TRUE(request.wish);
  EXPECT_EQ(request.wish->least, 2U);
  EXPECT_EQ(request.wish->most, 2U);
  EXPECT_TRUE(request.wish->direct_links);
  EXPECT_EQ(request.wish->source,
            "XPU_VISIBLE_DEVICES=count=2,vram>=24GiB,arch>=sm_90,vendor=acme|Globex,link=direct");
  EXPECT_THAT(tests(request),
              ElementsAre("memory>=25769803776 <vram>=24GiB>", "arch>=sm_90 <arch>=sm_90>",
                          "vendor=acme|globex <vendor=acme|Globex>"));
  EXPECT_EQ(request.capabilities.size(), 1U);
}

TEST(Attributes, HaveTheirOperators) {
  EXPECT_THAT(tests(list("vram<8GB")), ElementsAre("memory<8000000000 <vram<8GB>"));
  EXPECT_THAT(tests(list("vram > 8GB , vram <= 24GB")),
              ElementsAre("memory>8000000000 <vram > 8GB>", "memory<=24000000000 <vram <= 24GB>"));
  EXPECT_THAT(tests(list("ARCH!=sm_75|gfx90a")),
              ElementsAre("arch!=sm_75|gfx90a <ARCH!=sm_75|gfx90a>"));
  EXPECT_THAT(tests(list("driver>535.129,driver!=545|546")),
              ElementsAre("driver>535.129 <driver>535.129>", "driver!=545|546 <driver!=545|546>"));
  EXPECT_THAT(tests(list("model=*a100*|*H100 PCIe,kind=GPU|partition,numa=0|1,")),
              ElementsAre("model=*a100*|*H100 PCIe <model=*a100*|*H100 PCIe>",
                          "kind=gpu|partition <kind=GPU|partition>", "numa=0|1 <numa=0|1>"));
  EXPECT_THAT(tests(list("arch=xe-hpc")), ElementsAre("arch=xe-hpc <arch=xe-hpc>"));
}

TEST(Attributes, SayHowManyAndHowChosen) {
  const std::pair<const char*, const char*> counts[] = {
      {"count=1", "1-1"},           {"count=8", "8-8"},   {"count=all", "1-0"},
      {"count=ALL", "1-0"},         {"count>=2", "2-0"},  {"count<=4", "1-4"},
      {"count>=2,count<=4", "2-4"}, {"vram>=8GB", "1-1"}, {"count=4096", "4096-4096"}};
  for (const auto& [text, expected] : counts) {
    EXPECT_THAT(asked(list(text)), ElementsAre(expected)) << text;
  }
  const Request request = list("strategy=Cost,sharing=exclusive,affinity=numa-local");
  EXPECT_EQ(request.strategy, Strategy::kCost);
  EXPECT_EQ(request.exclusive, true);
  EXPECT_TRUE(request.numa_local);
  EXPECT_EQ(list("sharing=shared").exclusive, false);
  EXPECT_FALSE(list("affinity=none").numa_local);
  EXPECT_EQ(list("count=1").strategy, std::nullopt);
  EXPECT_EQ(list("count=1").exclusive, std::nullopt);
}

TEST(Attributes, AreToldFromNames) {
  EXPECT_THAT(asked(list("example.com/gpu=0")), ElementsAre("|example.com/gpu=0"));
  EXPECT_THAT(asked(list("acme:x=1")), ElementsAre("acme|x=1"));
  EXPECT_THAT(asked(list("0=1")), ElementsAre("|0=1"));
  EXPECT_THAT(asked(list("a!b")), ElementsAre("|a!b"));
  EXPECT_THAT(asked(list("=1")), ElementsAre("|=1"));
  EXPECT_THAT(asked(parse({"ACME_DEVICES=count=2"})), ElementsAre("|count=2"));
}

TEST(Attributes, AreErrorsThatNameThem) {
  const std::pair<const char*, const char*> cases[] = {
      {"0,vram>=8GB",
       "'0' is a name and 'vram>=8GB' describes devices; write one or the other (count=all stands "
       "for all that fit)"},
      {"vram>=8GB,all",
       "'all' is a name and 'vram>=8GB' describes devices; write one or the other (count=all "
       "stands for all that fit)"},
      {"count=1,,vram>=8GB",
       "the list holds an empty element; write one comma between two attributes"},
      {"vrm>=8GB", "there is no attribute 'vrm'; did you mean 'vram'?"},
      {"quality=9",
       "there is no attribute 'quality'; it is one of count, vram, arch, driver, numa, vendor, "
       "model, kind, link, strategy, sharing or affinity"},
      {"vram=8GB", "vram=8GB: vram is written with one of < <= > >="},
      {"count!=2", "count!=2: count is written with one of = <= >="},
      {"count>2", "count>2: count is written with one of = <= >="},
      {"vendor>=acme", "vendor>=acme: vendor is written with one of = !="},
      {"link!=direct", "link!=direct: link is written with one of ="},
      {"vram=>8GB", "vram=>8GB: vram is written with one of < <= > >="},
      {"count==2", "count==2: count is written with one of = <= >="},
      {"count=", "count=: a value is missing"},
      {"vendor=acme|", "vendor=acme|: a value is missing"},
      {"count=0", "count=0: '0' is no number from 1 to 4096, nor all"},
      {"count=4097", "count=4097: '4097' is no number from 1 to 4096, nor all"},
      {"count=two", "count=two: 'two' is no number from 1 to 4096, nor all"},
      {"count=-1", "count=-1: '-1' is no number from 1 to 4096, nor all"},
      {"count=99999999999999999999",
       "count=99999999999999999999: '99999999999999999999' is no number from 1 to 4096, nor all"},
      {"count>=all", "count>=all: all is for count=all only"},
      {"count=1|2", "count=1|2: one value is wanted, without '|'"},
      {"vram>=8GB|16GB", "vram>=8GB|16GB: one value is wanted, without '|'"},
      {"arch>=sm_80|sm_90", "arch>=sm_80|sm_90: one value is wanted, without '|'"},
      {"vram>=lots",
       "vram>=lots: 'lots' is no size; a number and one of B, KB, MB, GB, TB (powers of 1000) or "
       "KiB, MiB, GiB, TiB (powers of 1024) is wanted, such as 24GB or 1.5GiB"},
      {"arch>=xe-hpc",
       "arch>=xe-hpc: the architecture 'xe-hpc' is before or after no other; only such as sm_90, "
       "9.0 and gfx942 have an order"},
      {"arch=a b",
       "arch=a b: 'a b' is no name of an architecture; such as sm_90, 9.0 and gfx942 are wanted"},
      {"driver>=new",
       "driver>=new: 'new' is no version; numbers with dots between them are wanted, such as "
       "535.129"},
      {"numa=x", "numa=x: 'x' is no number from 0 to 4096"},
      {"vendor=a_b",
       "vendor=a_b: 'a_b' is no name of a vendor; letters, digits and '-' are wanted, at most 32"},
      {"model=a\tb", "model=a\tb: the pattern of a model holds a character that no model has"},
      {"kind=cpu", "kind=cpu: 'cpu' is not gpu, partition, npu or accelerator"},
      {"link=any", "link=any: 'any' is not direct, which is all that can be asked of links"},
      {"strategy=best",
       "strategy=best: 'best' is not performance, cost, balanced, packed, spread, numa-local or "
       "first"},
      {"sharing=maybe", "sharing=maybe: 'maybe' is not shared or exclusive"},
      {"affinity=here", "affinity=here: 'here' is not numa-local or none"},
      {"vram>=8GB,vram>=16GB", "vram>=8GB and vram>=16GB say one thing twice; leave one out"},
      {"vram>=8GB,vram>16GB", "vram>=8GB and vram>16GB say one thing twice; leave one out"},
      {"count=2,count=2", "count=2 and count=2 say one thing twice; leave one out"},
      {"sharing=shared,sharing=exclusive",
       "sharing=shared and sharing=exclusive say one thing twice; leave one out"},
      {"vram>=24GB,vram<=8GB", "vram>=24GB and vram<=8GB contradict each other; leave one out"},
      {"count=2,count<=1", "count=2 and count<=1 contradict each other; leave one out"},
      {"count>=4,count<=2", "count>=4 and count<=2 contradict each other; leave one out"},
      {"vendor=acme,vendor!=acme",
       "vendor=acme and vendor!=acme contradict each other; leave one out"},
      {"arch=sm_80,arch>=sm_90", "arch=sm_80 and arch>=sm_90 contradict each other; leave one out"},
  };
  for (const auto& [value, expected] : cases) {
    EXPECT_EQ(list_error(value), std::string("XPU_VISIBLE_DEVICES: ") + expected) << value;
  }
}

TEST(Attributes, AreBounded) {
  std::string many = "numa=0";
  for (int i = 0; i < 64; ++i) {
    many += ",numa=0";
  }
  EXPECT_EQ(list_error(many), "XPU_VISIBLE_DEVICES: more than 64 attributes");
  const std::string pattern(251, '*');
  EXPECT_EQ(tests(list("model=" + pattern.substr(1))).size(), 1U);
  EXPECT_EQ(list_error("model=" + pattern),
            "XPU_VISIBLE_DEVICES: model=" + std::string(26, '*') + ": longer than 256 bytes");
  EXPECT_EQ(error_for({"XPU_MIN_VRAM=" + std::string(257, '1')}),
            "XPU_MIN_VRAM: longer than 256 bytes");
}

TEST(OwnVariables, DescribeTheSame) {
  const Request request =
      parse({"XPU_DEVICE_TYPE=acme,Globex|beta", "XPU_COUNT=2", "XPU_MIN_VRAM=16GB",
             "XPU_MIN_ARCH=sm_80", "XPU_STRATEGY=spread", "XPU_SHARING=Exclusive",
             "XPU_AFFINITY=numa-local", "XPU_WAIT=2m", "XPU_LABEL=team a"});
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.variable,
            "XPU_DEVICE_TYPE, XPU_COUNT, XPU_MIN_VRAM, XPU_MIN_ARCH, XPU_STRATEGY");
  EXPECT_THAT(asked(request), ElementsAre("2-2"));
  EXPECT_EQ(request.wish->source,
            "XPU_DEVICE_TYPE=acme,Globex|beta, XPU_COUNT=2, XPU_MIN_VRAM=16GB, "
            "XPU_MIN_ARCH=sm_80, XPU_STRATEGY=spread");
  EXPECT_THAT(
      tests(request),
      ElementsAre("vendor=acme|globex|beta <XPU_DEVICE_TYPE=acme,Globex|beta>",
                  "memory>=16000000000 <XPU_MIN_VRAM=16GB>", "arch>=sm_80 <XPU_MIN_ARCH=sm_80>"));
  EXPECT_EQ(request.strategy, Strategy::kSpread);
  EXPECT_EQ(request.exclusive, true);
  EXPECT_TRUE(request.numa_local);
  EXPECT_EQ(request.wait_seconds, 120U);
  EXPECT_EQ(request.label, "team a");
}

TEST(OwnVariables, AskForOneDeviceEach) {
  for (const char* variable : {"XPU_DEVICE_TYPE=acme", "XPU_DEVICE_TYPE=any", "XPU_MIN_VRAM=8GB",
                               "XPU_MIN_ARCH=9.0", "XPU_STRATEGY=cost", "XPU_COUNT=1"}) {
    EXPECT_THAT(asked(parse({variable})), ElementsAre("1-1")) << variable;
  }
  EXPECT_THAT(parse({"XPU_DEVICE_TYPE=any"}).tests, IsEmpty());
  EXPECT_THAT(parse({"XPU_DEVICE_TYPE=acme|ANY"}).tests, IsEmpty());
}

TEST(OwnVariables, ThatOnlyModifyAskForNothing) {
  for (const char* variable : {"XPU_SHARING=exclusive", "XPU_AFFINITY=numa-local", "XPU_WAIT=30s",
                               "XPU_LABEL=a", "XPU_DRIVER_CAPABILITIES=all", "XPU_SHARING=bad"}) {
    const Request request = parse({variable});
    EXPECT_EQ(request.kind, RequestKind::kNone) << variable;
    EXPECT_THAT(request.warnings, IsEmpty());
  }
}

TEST(OwnVariables, AreNotSetWhenEmpty) {
  for (const char* name : {"XPU_DEVICE_TYPE", "XPU_COUNT", "XPU_MAX_GPU", "XPU_ENABLE_MULTI_GPU",
                           "XPU_MIN_VRAM", "XPU_MIN_ARCH", "XPU_STRATEGY"}) {
    EXPECT_EQ(parse({std::string(name) + "="}).kind, RequestKind::kNone) << name;
    EXPECT_EQ(parse({std::string(name) + "=  "}).kind, RequestKind::kNone) << name;
  }
  EXPECT_EQ(parse({"XPU_COUNT=1", "XPU_SHARING=", "XPU_WAIT= "}).exclusive, std::nullopt);
}

TEST(OwnVariables, SayHowManyTogether) {
  const std::pair<Env, const char*> cases[] = {
      {{"XPU_COUNT=all"}, "1-0"},
      {{"XPU_MAX_GPU=4"}, "1-4"},
      {{"XPU_ENABLE_MULTI_GPU=true"}, "1-0"},
      {{"XPU_ENABLE_MULTI_GPU=false"}, "1-1"},
      {{"XPU_ENABLE_MULTI_GPU=1", "XPU_MAX_GPU=2"}, "1-2"},
      {{"XPU_ENABLE_MULTI_GPU=No", "XPU_MAX_GPU=2"}, "1-1"},
      {{"XPU_ENABLE_MULTI_GPU=yes", "XPU_COUNT=2"}, "2-2"},
      {{"XPU_COUNT=2", "XPU_MAX_GPU=4"}, "2-2"},
      {{"XPU_COUNT=all", "XPU_MAX_GPU=4"}, "1-4"},
      {{"XPU_COUNT=2", "XPU_VISIBLE_DEVICES=count=2"}, "2-2"},
      {{"XPU_MAX_GPU=4", "XPU_VISIBLE_DEVICES=count>=2"}, "2-4"},
      {{"XPU_VISIBLE_DEVICES=all", "XPU_COUNT=2"}, "2-2"},
      {{"XPU_VISIBLE_DEVICES=ALL", "XPU_MAX_GPU=2"}, "1-2"},
      {{"XPU_VISIBLE_DEVICES=all", "XPU_ENABLE_MULTI_GPU=off"}, "1-1"},
  };
  for (const auto& [env, expected] : cases) {
    EXPECT_THAT(asked(parse(env)), ElementsAre(expected)) << env[0];
  }
}

TEST(OwnVariables, GoWithNamesAsTests) {
  const Request named = parse({"XPU_VISIBLE_DEVICES=acme:0,1", "XPU_MIN_VRAM=16GB"});
  EXPECT_THAT(asked(named), ElementsAre("acme|0", "|1"));
  EXPECT_THAT(tests(named), ElementsAre("memory>=16000000000 <XPU_MIN_VRAM=16GB>"));
  EXPECT_EQ(named.variable, "XPU_VISIBLE_DEVICES");
  const Request all = parse({"XPU_VISIBLE_DEVICES=all", "XPU_DEVICE_TYPE=acme"});
  EXPECT_THAT(asked(all), ElementsAre("|all"));
  EXPECT_THAT(tests(all), ElementsAre("vendor=acme <XPU_DEVICE_TYPE=acme>"));
  EXPECT_THAT(asked(parse({"XPU_VISIBLE_DEVICES=0,1", "XPU_ENABLE_MULTI_GPU=true"})),
              ElementsAre("|0", "|1"));
}

TEST(OwnVariables, AreErrorsThatNameThem) {
  const std::pair<Env, const char*> cases[] = {
      {{"XPU_COUNT=two"}, "XPU_COUNT: 'two' is no number from 1 to 4096, nor all"},
      {{"XPU_MAX_GPU=0"}, "XPU_MAX_GPU: '0' is no number from 1 to 4096, nor all"},
      {{"XPU_ENABLE_MULTI_GPU=maybe"}, "XPU_ENABLE_MULTI_GPU: 'maybe' is neither true nor false"},
      {{"XPU_DEVICE_TYPE=acme,"}, "XPU_DEVICE_TYPE: a value is missing"},
      {{"XPU_MIN_ARCH=xe-hpc"},
       "XPU_MIN_ARCH: the architecture 'xe-hpc' is before or after no other; only such as sm_90, "
       "9.0 and gfx942 have an order"},
      {{"XPU_STRATEGY=best"},
       "XPU_STRATEGY: 'best' is not performance, cost, balanced, packed, spread, numa-local or "
       "first"},
      {{"XPU_COUNT=1", "XPU_SHARING=some"}, "XPU_SHARING: 'some' is not shared or exclusive"},
      {{"XPU_COUNT=1", "XPU_WAIT=soon"},
       "XPU_WAIT: 'soon' is no time; a whole number and s, m or h is wanted, such as 30s or 2m"},
      {{"XPU_COUNT=1", "XPU_WAIT=10m"},
       "XPU_WAIT=10m is longer than the 300 s that a container may wait; [policy] "
       "max-wait-seconds says so"},
      {{"XPU_COUNT=1", "XPU_LABEL=a\nb"},
       "XPU_LABEL: a label is one line of at most 256 bytes of UTF-8"},
      {{"XPU_COUNT=1", "XPU_LABEL=" + std::string(257, 'x')},
       "XPU_LABEL: a label is one line of at most 256 bytes of UTF-8"},
      {{"XPU_VISIBLE_DEVICES=count=2", "XPU_COUNT=3"},
       "XPU_VISIBLE_DEVICES: XPU_COUNT=3 and count=2 contradict each other; leave one out"},
      {{"XPU_COUNT=3", "XPU_MAX_GPU=2"},
       "XPU_COUNT=3 and XPU_MAX_GPU=2 contradict each other; leave one out"},
      {{"XPU_COUNT=2", "XPU_ENABLE_MULTI_GPU=false"},
       "XPU_COUNT=2 and XPU_ENABLE_MULTI_GPU=false contradict each other; leave one out"},
      {{"XPU_VISIBLE_DEVICES=vram<=8GB", "XPU_MIN_VRAM=24GB"},
       "XPU_VISIBLE_DEVICES: vram<=8GB and XPU_MIN_VRAM=24GB contradict each other; leave one "
       "out"},
      {{"XPU_VISIBLE_DEVICES=vendor=acme", "XPU_DEVICE_TYPE=globex"},
       "XPU_VISIBLE_DEVICES: vendor=acme and XPU_DEVICE_TYPE=globex contradict each other; leave "
       "one out"},
      {{"XPU_VISIBLE_DEVICES=strategy=cost", "XPU_STRATEGY=first"},
       "XPU_VISIBLE_DEVICES: strategy=cost and XPU_STRATEGY=first contradict each other; leave one "
       "out"},
      {{"XPU_VISIBLE_DEVICES=sharing=shared", "XPU_SHARING=exclusive"},
       "XPU_VISIBLE_DEVICES: sharing=shared and XPU_SHARING=exclusive contradict each other; leave "
       "one out"},
      {{"XPU_VISIBLE_DEVICES=0,1", "XPU_COUNT=2"},
       "XPU_VISIBLE_DEVICES: '0,1' names devices, and XPU_COUNT=2 says how many; leave one out"},
      {{"XPU_VISIBLE_DEVICES=0,1", "XPU_COUNT=all"},
       "XPU_VISIBLE_DEVICES: '0,1' names devices, and XPU_COUNT=all says how many; leave one out"},
      {{"XPU_VISIBLE_DEVICES=acme:all", "XPU_MAX_GPU=2"},
       "XPU_VISIBLE_DEVICES: 'acme:all' names devices, and XPU_MAX_GPU=2 says how many; leave one "
       "out"},
  };
  for (const auto& [env, expected] : cases) {
    EXPECT_EQ(error_for(env), expected) << env[0];
  }
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=strategy=cost", "XPU_STRATEGY=Cost"}).strategy,
            Strategy::kCost);
}

}  // namespace
}  // namespace xpu
