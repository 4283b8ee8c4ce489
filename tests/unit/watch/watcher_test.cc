// SPDX-License-Identifier: Apache-2.0
// The listener against hosts that are scripts: what a real one says is shown with test_plugin.
#include "core/watch/watcher.h"
#include "core/base/clock.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace xpu::watch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WatcherTest : public testing::Test {
 protected:
  WatcherTest() {
    char name[] = "/tmp/xpu-watch-XXXXXX";
    root_ = mkdtemp(name);
    config_ = default_config();
    config_.backend_timeout_s = 1;
    manifest_.name = "acme";
    manifest_.file = "/nowhere/acme.toml";
    manifest_.options["colour"] = "red";
    wish_.grace_ms = 20000;
  }
  ~WatcherTest() override { std::filesystem::remove_all(root_); }

  std::string path(const std::string& name) const { return root_ + "/" + name; }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // A host that does `commands` of a shell.
  std::string script(const std::string& commands) const {
    std::ofstream(path("host")) << "#!/bin/sh\n" << commands << "\n";
    std::filesystem::permissions(path("host"), std::filesystem::perms(0755));
    return path("host");
  }

  // Everything that it says until it ends, or has said `count` messages.
  std::vector<Message> listen(Watcher& watcher, std::size_t count = 1000000) const {
    std::vector<Message> out;
    const std::int64_t end = monotonic_ms() + 30000;
    while (!watcher.ended() && out.size() < count && monotonic_ms() < end) {
      std::vector<pollfd> polled;
      watcher.add_to(polled);
      const std::int64_t wait = std::min(watcher.due_ms(), end) - monotonic_ms();
      poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(wait, 0)));
      for (Message& message : watcher.advance()) {
        out.push_back(std::move(message));
      }
    }
    return out;
  }
  std::string why(const std::string& commands) {
    Watcher watcher(config_, manifest_, wish_, script(commands));
    listen(watcher);
    EXPECT_TRUE(watcher.ended());
    EXPECT_EQ(watcher.pid(), -1);
    EXPECT_THAT(watcher.advance(), IsEmpty());
    return watcher.why_ended();
  }

  std::string root_;
  Config config_;
  Manifest manifest_;
  WatchWish wish_;
};

TEST_F(WatcherTest, ReadsLineAfterLine) {
  Watcher watcher(config_, manifest_, wish_,
                  script("echo '{\"ready\":{\"hotplug\":true,\"metrics\":false}}'\n"
                         "printf '{\"ali'\nsleep 0.1\necho 've\":true}'\nexec sleep 60"));
  EXPECT_EQ(watcher.backend(), "acme");
  EXPECT_THAT(listen(watcher, 2), ElementsAre(Message(Ready{true, false}), Message(Alive{})));
  EXPECT_FALSE(watcher.ended());
  EXPECT_EQ(watcher.why_ended(), "");
  EXPECT_GT(watcher.pid(), 0);
  EXPECT_GT(watcher.due_ms(), monotonic_ms() + 15000);
}

TEST_F(WatcherTest, SaysWhatItWants) {
  wish_.samples = false;
  wish_.interval_ms = 250;
  why(cat("echo \"$@\" >", path("arguments")));
  EXPECT_EQ(read("arguments"), cat("--manifest /nowhere/acme.toml --deadline 1 --memory ",
                                   config_.backend_memory_bytes,
                                   " --option colour=red --watch --events --interval-ms 250\n"));
}

TEST_F(WatcherTest, TellsWhyOneEnded) {
  EXPECT_EQ(why("exit 3"), "it ended with exit status 3");
  EXPECT_EQ(why("exit 0"), "it ended with exit status 0");
  EXPECT_EQ(why("kill -SEGV $$"), "it was ended by signal 11 (Segmentation fault)");
  EXPECT_EQ(why("echo 'error: backend acme: once' >&2; exit 2"), "it ended with exit status 2");
  EXPECT_EQ(why("echo 'end: the driver is gone' >&2; exit 2"), "the driver is gone");
}

TEST_F(WatcherTest, IsAbsentOnlyByItself) {
  const std::string absent = "echo '{\"absent\":\"no anvil\"}'\n";
  Watcher watcher(config_, manifest_, wish_, script(absent));
  EXPECT_THAT(listen(watcher), ElementsAre(Message(Absent{"no anvil"})));
  EXPECT_TRUE(watcher.absent());
  EXPECT_EQ(watcher.why_ended(), "no anvil");

  Watcher crashed(config_, manifest_, wish_, script(absent + "exit 2"));
  listen(crashed);
  EXPECT_FALSE(crashed.absent());
  EXPECT_EQ(crashed.why_ended(), "it ended with exit status 2");
}

TEST_F(WatcherTest, EndsWhatTalksNonsense) {
  EXPECT_THAT(why("echo '{\"alive\":true}'\necho 'rm -rf /'\nwait"),
              HasSubstr("a line is not JSON"));
  EXPECT_THAT(why("echo '{\"event\":{\"kind\":\"boom\"}}'; sleep 60"),
              HasSubstr("a line is no message: its event.kind \"boom\" is not known"));
  EXPECT_THAT(why("head -c 5000000 /dev/zero; sleep 60"), HasSubstr("a line is longer than"));
}

// Whether the process whose number the file holds is dead, or will be at once.
bool dies(const std::string& number) {
  for (int i = 0; i < 500; ++i) {
    std::ifstream state(cat("/proc/", std::stoi(number), "/stat"));
    std::string word;
    state >> word >> word >> word;
    if (!state || word == "Z") {
      return true;
    }
    poll(nullptr, 0, 2);
  }
  return false;
}

TEST_F(WatcherTest, EndsWhatItStarted) {
  wish_.grace_ms = 200;
  const std::string child = cat("sleep 300 & echo $! >", path("child"), "\n");
  why(child + "echo rubbish; wait");
  EXPECT_TRUE(dies(read("child")));
  why(child + "exec >&- 2>&-; exit 2");
  EXPECT_TRUE(dies(read("child")));
  {
    Watcher watcher(config_, manifest_, wish_, script(child + "echo '{\"alive\":true}'; wait"));
    listen(watcher, 1);
  }
  EXPECT_TRUE(dies(read("child")));
}

TEST_F(WatcherTest, KeepsWhatCameBeforeNonsense) {
  Watcher watcher(config_, manifest_, wish_, script("printf '{\"alive\":true}\\nrubbish\\n'"));
  EXPECT_THAT(listen(watcher), ElementsAre(Message(Alive{})));
  EXPECT_THAT(watcher.why_ended(), HasSubstr("a line is not JSON"));
}

TEST_F(WatcherTest, KillsWhatIsSilent) {
  wish_.grace_ms = 200;
  const std::int64_t begin = monotonic_ms();
  EXPECT_EQ(why("trap '' TERM\necho '{\"alive\":true}'\nwhile :; do sleep 1; done"),
            "it said nothing for 1 s and was killed");
  EXPECT_GE(monotonic_ms() - begin, 1200);
  EXPECT_LT(monotonic_ms() - begin, 10000);
}

TEST_F(WatcherTest, IsNotKeptBusyByWhatItLogs) {
  Watcher watcher(config_, manifest_, wish_, script("yes 'debug: y' >&2"));
  for (int i = 0; i < 20; ++i) {
    const std::int64_t begin = monotonic_ms();
    watcher.advance();
    EXPECT_LT(monotonic_ms() - begin, 1000);
  }
  EXPECT_FALSE(watcher.ended());
}

TEST_F(WatcherTest, SaysThatThereIsNoHost) {
  try {
    Watcher watcher(config_, manifest_, wish_, path("missing"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              cat("backend acme: there is no ", path("missing"),
                  ", which belongs to this program; install the package xpu-container-runtime "
                  "again"));
  }
}

TEST(Restarts, BackOffAndForgive) {
  Restarts restarts;
  std::int64_t now = 5000;
  for (const std::int64_t wait :
       {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000, 300000}) {
    restarts.started(now);
    now += 10;
    EXPECT_EQ(restarts.ended(now), now + wait);
    now += wait;
  }
  EXPECT_EQ(restarts.count(), 12U);
  restarts.started(now);
  now += 600'000;
  EXPECT_EQ(restarts.ended(now), now + 1000);
  restarts.started(now);
  EXPECT_EQ(restarts.ended(now + 1), now + 2001);
  EXPECT_EQ(restarts.count(), 14U);
}

}  // namespace
}  // namespace xpu::watch
