// SPDX-License-Identifier: Apache-2.0
// `xpu-backend-host --watch` with backends that behave and that do not, through its listener.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/watch/watcher.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using watch::Message;
using watch::Watcher;

class WatchTest : public World {
 protected:
  void SetUp() override {
    install("live");
    config_.backend_timeout_s = 3;
    wish_.interval_ms = 100;
  }

  Watcher start(const std::string& mode) {
    write("file", mode);
    return Watcher(config_, read_manifest(manifest("live"), {}, "x", false).manifest, wish_);
  }

  // What it says until it ends or `enough`.
  std::vector<Message> listen(Watcher& watcher,
                              const std::function<bool(const Message&)>& enough) const {
    std::vector<Message> out;
    const std::int64_t end = monotonic_ms() + 30000;
    while (!watcher.ended() && monotonic_ms() < end) {
      std::vector<pollfd> polled;
      watcher.add_to(polled);
      poll(polled.data(), polled.size(), 100);
      bool done = false;
      for (Message& message : watcher.advance()) {
        done = done || enough(message);
        out.push_back(std::move(message));
      }
      if (done) {
        break;
      }
    }
    return out;
  }
  std::string why_ended(const std::string& mode) {
    Watcher watcher = start(mode);
    messages_ = listen(watcher, [](const Message&) { return false; });
    absent_ = watcher.absent();
    return watcher.why_ended();
  }

  // The errors that it wrote, until `enough`.
  std::vector<Message> listen_to(const std::string& mode,
                                 const std::function<bool(const Message&)>& enough) {
    Watcher watcher = start(mode);
    messages_ = listen(watcher, enough);
    EXPECT_EQ(watcher.why_ended(), "");
    return messages_;
  }

  template <class Kind>
  static bool is(const Message& message) {
    return std::holds_alternative<Kind>(message);
  }

  // The last of its kind: others may have come with it.
  template <class Kind>
  static Kind last(const std::vector<Message>& messages) {
    const auto found = std::find_if(messages.rbegin(), messages.rend(), is<Kind>);
    return found == messages.rend() ? Kind() : std::get<Kind>(*found);
  }

  watch::WatchWish wish_;
  std::vector<Message> messages_;
  bool absent_ = false;
};

TEST_F(WatchTest, SaysEventsAndSamples) {
  const auto messages = listen_to("ok", is<watch::Sample>);
  ASSERT_GE(messages.size(), 3U);
  EXPECT_EQ(messages[0], Message(watch::Ready{true, true}));
  ASSERT_TRUE(is<watch::Event>(messages[1]));
  watch::Event event = std::get<watch::Event>(messages[1]);
  EXPECT_GT(event.time_ns, 1'600'000'000'000'000'000);
  event.time_ns = 0;
  EXPECT_EQ(event, (watch::Event{watch::EventKind::kHealth, "acme:0", watch::Health::kFailed,
                                 "the anvil cracked", 0}));
  const auto sample = last<watch::Sample>(messages);
  EXPECT_THAT(sample.values, ElementsAre(watch::Value{"acme:0", "memory-used", "", 1024}));
  EXPECT_THAT(sample.processes,
              ElementsAre(watch::ProcessValue{"acme:0", 4711, "memory", "", 512}));
  EXPECT_GT(sample.time_ns, 1'600'000'000'000'000'000);
  EXPECT_GT(sample.boot_seconds, 0);
}

TEST_F(WatchTest, StopsAndClosesWhenTold) {
  {
    Watcher watcher = start("ok");
    listen(watcher, is<watch::Sample>);
  }
  EXPECT_EQ(read("count"), "sStTc");
}

TEST_F(WatchTest, StartsOnlyWhatIsWanted) {
  wish_.samples = false;
  const auto messages = listen_to("ok", is<watch::Event>);
  EXPECT_EQ(messages.at(0), Message(watch::Ready{true, false}));
  EXPECT_THAT(read("count"), testing::Not(HasSubstr("S")));
}

TEST_F(WatchTest, SamplesOnItsClock) {
  wish_.events = false;
  Watcher watcher = start("ok");
  const std::int64_t begin = monotonic_ms();
  int samples = 0;
  listen(watcher,
         [&](const Message& message) { return is<watch::Sample>(message) && ++samples == 5; });
  EXPECT_GE(monotonic_ms() - begin, 390);
}

TEST_F(WatchTest, IsAbsent) {
  EXPECT_EQ(why_ended("absent"), "no anvil to watch");
  EXPECT_TRUE(absent_);
  EXPECT_THAT(messages_, ElementsAre(Message(watch::Absent{"no anvil to watch"})));
  EXPECT_EQ(why_ended("no-extension"), "it does not offer xpu.hotplug/1 or xpu.metrics/1");
  EXPECT_TRUE(absent_);
  EXPECT_EQ(why_ended("dispatch-absent"), "the anvil is gone");
  EXPECT_TRUE(absent_);
}

TEST_F(WatchTest, OneExtensionIsEnough) {
  EXPECT_EQ(listen_to("hotplug-absent", is<watch::Sample>).at(0),
            Message(watch::Ready{false, true}));
  EXPECT_EQ(listen_to("hotplug-fails", is<watch::Sample>).at(0),
            Message(watch::Ready{false, true}));
}

TEST_F(WatchTest, SaysWhyItEnded) {
  const std::pair<const char*, const char*> endings[] = {
      {"start-fails", "start() of xpu.hotplug/1 failed: no socket"},
      {"dispatch-fails", "dispatch() failed: the socket broke"},
      {"dispatch-status",
       "dispatch() returned the unknown status 4711, without saying why [XPU_BACKEND_11]"},
      {"throws-dispatch", "dispatch() threw a C++ exception: surprise [XPU_BACKEND_12]"},
      {"throws-sample", "sample() threw a C++ exception [XPU_BACKEND_12]"},
      {"crash-dispatch", "it was ended by signal 11 (Segmentation fault)"},
      {"hang-dispatch", "dispatch() did not return within 3 s and was killed [XPU_BACKEND_14]"},
      {"hang-sample", "sample() did not return within 3 s and was killed [XPU_BACKEND_14]"},
      {"bad-descriptor", "descriptor() returned 777, which is not open [XPU_BACKEND_26]"},
      {"short-table",
       "its table of xpu.hotplug/1 has 16 bytes; at least 40 are wanted [XPU_BACKEND_25]"},
      {"null-slot", "its table of xpu.hotplug/1 has no dispatch [XPU_BACKEND_25]"},
  };
  for (const auto& [mode, why] : endings) {
    EXPECT_EQ(why_ended(mode), why) << mode;
    EXPECT_FALSE(absent_) << mode;
  }
}

TEST_F(WatchTest, GoesOnWithoutASample) {
  Watcher watcher = start("sample-fails");
  int failures = 0;
  const auto messages = listen(watcher, [&](const Message& message) {
    return is<watch::Failed>(message) && ++failures == 3;
  });
  EXPECT_EQ(failures, 3);
  EXPECT_EQ(messages.back(), Message(watch::Failed{"sample() failed: no answer from the driver"}));
}

TEST_F(WatchTest, LeavesOutWhatIsWrong) {
  auto messages = listen_to("garbage", is<watch::Event>);
  EXPECT_EQ(last<watch::Event>(messages).reason, "it came");
  messages = listen_to("bad-values", is<watch::Sample>);
  EXPECT_EQ(last<watch::Sample>(messages).values.size(), 1U);
  messages = listen_to("large-sample", is<watch::Sample>);
  EXPECT_GT(last<watch::Sample>(messages).values.size(), 1000U);
}

TEST_F(WatchTest, OutlivesWhatABackendPrints) {
  listen_to("chatty", is<watch::Sample>);
}

TEST_F(WatchTest, AReadableDescriptorDoesNotKeepItBusy) {
  wish_.samples = false;
  Watcher watcher = start("always-readable");
  listen(watcher, is<watch::Ready>);
  poll(nullptr, 0, 500);
  const std::size_t calls = read("count").size();
  EXPECT_GT(calls, 5U);
  EXPECT_LT(calls, 300U);
}

TEST_F(WatchTest, EventsBeyondMeasureEndIt) {
  // Nobody reads: what waits is bounded, and so is the time.
  write("file", "flood");
  const std::string command =
      cat(installation().host_program, " --watch --events --deadline 20 --manifest ",
          manifest("live"), " 2>", path("err"), " | { sleep 4; cat >/dev/null; }");
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_THAT(read("err"), HasSubstr("end: more than 1 MiB of events wait: the backend emits too "
                                     "many, or nobody reads them\n"));
}

TEST_F(WatchTest, EndsWithItsReader) {
  write("file", "ok");
  const std::string command = cat(
      "timeout 20 ", installation().host_program, " --watch --manifest ", manifest("live"), " 2>",
      path("err"), " | head -n 1 >", path("out"), "; echo ${PIPESTATUS[0]} >", path("status"));
  EXPECT_EQ(std::system(cat("bash -c '", command, "'").c_str()), 0);
  EXPECT_THAT(read("out"), HasSubstr("{\"ready\":"));
  EXPECT_NE(read("status"), "124\n");
}

TEST_F(WatchTest, ASlowReaderLosesSamplesOnly) {
  // The pipe is full of samples long before somebody reads.
  write("file", "large-sample");
  const std::string command =
      cat(installation().host_program, " --watch --interval-ms 100 --manifest ", manifest("live"),
          " 2>", path("err"), " | { sleep 2; head -c 3000000 >", path("out"), "; }");
  EXPECT_NE(std::system(command.c_str()), -1);
  const std::string out = read("out");
  EXPECT_EQ(out.find("{\"ready\""), 0U);
  EXPECT_NE(out.find("{\"event\""), out.npos);
  EXPECT_LT(out.find("{\"event\""), out.find("{\"sample\""));
}

}  // namespace
}  // namespace xpu
