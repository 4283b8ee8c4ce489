// SPDX-License-Identifier: Apache-2.0
#include "core/watch/message.h"

#include <gmock/gmock.h>

#include <limits>

#include "core/base/error.h"
#include "core/watch/sample_check.h"

namespace xpu::watch {
namespace {

using testing::HasSubstr;

std::string why_refused(const std::string& line) {
  try {
    parse_message(line);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Sample some_sample() {
  Sample sample;
  sample.time_ns = 1764000000123456789;
  sample.took_ns = 1500000;
  sample.boot_seconds = 4711;
  sample.values = {{"acme:0", "memory-used", "", 1024},
                   {"acme:0", "utilisation", "compute", 0.1},
                   {"acme:0", "temperature", "core", -3.5},
                   {"acme:0", "energy", "", 1e300}};
  sample.processes = {{"acme:0", 4711, "memory", "", 512},
                      {"acme:0", 4711, "engine-time", "copy", 0.25}};
  return sample;
}

TEST(Message, IsReadAsItWasWritten) {
  const Message messages[] = {
      Ready{true, false},
      Absent{"no driver"},
      Event{EventKind::kHealth, "GPU-1", Health::kFailed, "Xid 79: \"gone\"", 17},
      Event{EventKind::kAdded, "", Health::kOk, "it came", 0},
      Event{EventKind::kLost, "", Health::kOk, "ENOBUFS", 1},
      some_sample(),
      Sample{},
      Failed{"the library says no"},
      Alive{},
  };
  for (const Message& message : messages) {
    const std::string line = to_line(message);
    EXPECT_EQ(line.find('\n'), line.npos);
    EXPECT_EQ(parse_message(line), message) << line;
  }
}

TEST(Message, LooksAsDocumented) {
  EXPECT_EQ(to_line(Ready{true, true}), R"({"ready":{"hotplug":true,"metrics":true}})");
  EXPECT_EQ(to_line(Alive{}), R"({"alive":true})");
  EXPECT_EQ(to_line(Event{EventKind::kHealth, "GPU-1", Health::kFailed, "why", 5}),
            R"({"event":{"kind":"health","device":"GPU-1","health":"failed","reason":"why",)"
            R"("time_ns":5}})");
  EXPECT_THAT(to_line(some_sample()), HasSubstr(R"("values":[["acme:0","memory-used","",1024],)"));
  EXPECT_THAT(to_line(some_sample()),
              HasSubstr(R"("processes":[["acme:0",4711,"memory","",512],)"));
}

TEST(Message, IsNothingElse) {
  const std::pair<const char*, const char*> bad[] = {
      {"", "a line is not JSON"},
      {"{", "a line is not JSON"},
      {"{\"alive\":true} x", "a line is not JSON"},
      {"\xff", "a line is not JSON"},
      {"null", "no object with one member"},
      {"{}", "no object with one member"},
      {R"({"alive":true,"absent":"x"})", "no object with one member"},
      {R"({"alive":false})", "its member is not known"},
      {R"({"dead":true})", "its member is not known"},
      {R"({"absent":""})", "its absent is \"\""},
      {R"({"absent":7})", "its absent is no text"},
      {R"({"failed":"a\nb"})", "control characters"},
      {R"({"ready":true})", "its ready is no object"},
      {R"({"ready":{"hotplug":true}})", "its ready has no \"metrics\""},
      {R"({"ready":{"hotplug":1,"metrics":true}})", "its ready.hotplug is not true or false"},
      {R"({"ready":{"hotplug":true,"metrics":true,"more":1}})", "members that are not known"},
      {R"({"event":{"kind":"exploded","device":"","reason":"x","time_ns":1}})",
       "its event.kind \"exploded\" is not known"},
      {R"({"event":{"kind":"added","device":"","reason":"","time_ns":1}})",
       "its event.reason is \"\""},
      {R"({"event":{"kind":"added","device":"","reason":"x","time_ns":-1}})", "its event.time_ns"},
      {R"({"event":{"kind":"added","device":"","reason":"x","time_ns":1.5}})", "its event.time_ns"},
      {R"({"event":{"kind":"health","device":"","health":"ok","reason":"x","time_ns":1}})",
       "its event.device is \"\""},
      {R"({"event":{"kind":"health","device":"a","health":"fine","reason":"x","time_ns":1}})",
       "its event.health \"fine\" is not known"},
      {R"({"event":{"kind":"added","device":"a","health":"ok","reason":"x","time_ns":1}})",
       "members that are not known"},
      {R"({"event":{"kind":"lost","device":"a","reason":"x","time_ns":1}})", "names a device"},
  };
  for (const auto& [line, why] : bad) {
    EXPECT_THAT(why_refused(line), HasSubstr(why)) << line;
  }
  EXPECT_THAT(why_refused("{\"absent\":\"" + std::string(2000, 'a') + "\"}"),
              HasSubstr("its absent is longer than 1024 bytes"));
  EXPECT_THAT(why_refused(std::string(kLineBytes + 1, ' ')), HasSubstr("a line is longer than"));
  EXPECT_THAT(why_refused(std::string(100000, '[')), HasSubstr("a line is not JSON"));
}

std::string sample_with(const std::string& values, const std::string& processes) {
  return cat(R"({"sample":{"time_ns":1,"took_ns":1,"boot_seconds":1,"values":[)", values,
             R"(],"processes":[)", processes, "]}}");
}

TEST(Message, HasOnlyValuesOfTheTable) {
  const std::pair<const char*, const char*> bad[] = {
      {R"([1,2,3])", "has not 4 parts"},
      {R"(["acme:0","memory-used","",true])", "is no number"},
      {R"(["acme:0","memory-used","",1e400])", "is no number"},
      {R"(["","memory-used","",1])", "its device is \"\""},
      {R"(["acme:0","colour","",1])", "the key \"colour\" is not known"},
      {R"(["acme:0","memory","",1])", "the key \"memory\" is not known"},
      {R"(["acme:0","memory-used","all",1])", "memory-used has no label"},
      {R"(["acme:0","utilisation","",1])", "the label of utilisation is not"},
      {R"(["acme:0","utilisation","Compute",1])", "the label of utilisation is not"},
      {R"(["acme:0","utilisation","compute",1.5])", "a ratio, and more than 1"},
      {R"(["acme:0","fan","",2])", "a ratio, and more than 1"},
      {R"(["acme:0","throttled","power",0.5])", "neither 0 nor 1"},
      {R"(["acme:0","power","",-1])", "is negative"},
      {R"(["acme:0","power","",1],["acme:0","power","",1])", "emitted before"},
  };
  for (const auto& [values, why] : bad) {
    EXPECT_THAT(why_refused(sample_with(values, "")), HasSubstr(why)) << values;
  }
  const std::pair<const char*, const char*> bad_processes[] = {
      {R"(["acme:0",0,"memory","",1])", "has no number"},
      {R"(["acme:0",-1,"memory","",1])", "has no number"},
      {R"(["acme:0",4294967297,"memory","",1])", "has no number"},
      {R"(["acme:0","1","memory","",1])", "has no number"},
      {R"(["acme:0",1,"memory-used","",1])", "the key \"memory-used\" is not known"},
      {R"(["acme:0",1,"memory","",1],["acme:0",1,"memory","",2])", "emitted before"},
  };
  for (const auto& [processes, why] : bad_processes) {
    EXPECT_THAT(why_refused(sample_with("", processes)), HasSubstr(why)) << processes;
  }
}

TEST(Message, HoldsNoMoreThanTheLimits) {
  std::string values;
  for (int i = 0; i < 65; ++i) {
    values += cat(i == 0 ? "" : ",", R"(["acme:0","errors","e)", i, R"(",1])");
  }
  EXPECT_THAT(why_refused(sample_with(values, "")),
              HasSubstr("more than 64 labels of errors and acme:0"));
  std::string processes;
  for (int i = 1; i <= 4097; ++i) {
    processes += cat(i == 1 ? "" : ",", R"(["acme:0",)", i, R"(,"memory","",1])");
  }
  EXPECT_THAT(why_refused(sample_with("", processes)), HasSubstr("more than 4096 processes"));
}

TEST(SampleCheck, TellsALimitFromAMistake) {
  SampleCheck check;
  std::string why;
  for (int i = 0; i < 64; ++i) {
    ASSERT_EQ(check.add(Value{"acme:0", "errors", cat("e", i), 1}, &why),
              SampleCheck::Result::kTaken);
  }
  EXPECT_EQ(check.add(Value{"acme:0", "errors", "e64", 1}, &why), SampleCheck::Result::kLimit);
  EXPECT_EQ(check.add(Value{"acme:1", "errors", "e64", 1}, &why), SampleCheck::Result::kTaken);
  EXPECT_EQ(check.add(Value{"acme:0", "errors", "e0", 1}, &why), SampleCheck::Result::kInvalid);
  EXPECT_EQ(check.add(Value{"acme:0", "power", "", std::numeric_limits<double>::infinity()}, &why),
            SampleCheck::Result::kInvalid);
  EXPECT_EQ(why, "the value of power is not finite");
  EXPECT_EQ(check.add(Value{"a\xff", "power", "", 1}, &why), SampleCheck::Result::kInvalid);
  EXPECT_EQ(check.add(ProcessValue{"acme:0", 0, "memory", "", 1}, &why),
            SampleCheck::Result::kInvalid);
}

}  // namespace
}  // namespace xpu::watch
