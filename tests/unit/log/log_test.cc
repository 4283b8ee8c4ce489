// SPDX-License-Identifier: Apache-2.0
#include "core/log/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "core/log/format.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu::log {
namespace {

using test::slurp;
using test::TempDir;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class LogTest : public ::testing::Test {
 protected:
  void TearDown() override { configure({}); }

  // What `action` writes to stderr.
  template <class Action>
  std::string stderr_of(Action action) {
    ::testing::internal::CaptureStderr();
    action();
    return ::testing::internal::GetCapturedStderr();
  }

  void say_everything() {
    debug("a debug line");
    info("an info line");
    warn("a warning");
    error("an error");
  }

  TempDir dir_;
};

TEST_F(LogTest, TellsThePersonWarningsAndErrors) {
  configure({.level = Level::kDebug});
  EXPECT_EQ(stderr_of([&] { say_everything(); }),
            "xpu-container-runtime: warning: a warning\nxpu-container-runtime: error: an error\n");
  configure({.program = "xpu-runtime", .level = Level::kError});
  EXPECT_EQ(stderr_of([&] { say_everything(); }), "xpu-runtime: error: an error\n");
  configure({.stderr_on = false});
  EXPECT_EQ(stderr_of([&] { say_everything(); }), "");
}

TEST_F(LogTest, OfAServiceEverythingOfItsLevelIsOnStderr) {
  configure({.program = "xpud", .stderr_is_log = true});
  EXPECT_EQ(stderr_of([&] { say_everything(); }),
            "xpud: info: an info line\nxpud: warning: a warning\nxpud: error: an error\n");
  configure({.program = "xpud", .level = Level::kError, .stderr_is_log = true});
  EXPECT_EQ(stderr_of([&] { say_everything(); }), "xpud: error: an error\n");
}

// Its stderr is the container's own output: only what ends the start may stand there.
TEST_F(LogTest, WritesWarningsAndErrorsToTheEngineAsJson) {
  configure({.engine_file = dir_ / "log.json", .engine_json = true});
  EXPECT_EQ(stderr_of([&] { say_everything(); }), "xpu-container-runtime: error: an error\n");
  EXPECT_THAT(
      slurp(dir_ / "log.json"),
      MatchesRegex("\\{\"level\":\"warning\",\"msg\":\"a warning\",\"time\":\"[^\"]*\"\\}\n"
                   "\\{\"level\":\"error\",\"msg\":\"an error\",\"time\":\"[0-9]{4}-[0-9]{2}-"
                   "[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})\"\\}\n"));
}

TEST_F(LogTest, AppendsToTheEnginesFile) {
  dir_.write("log", "already there\n");
  configure({.engine_file = dir_ / "log"});
  stderr_of([&] { error("an error"); });
  EXPECT_THAT(slurp(dir_ / "log"),
              MatchesRegex("already there\ntime=\"[^\"]*\" level=error msg=\"an error\"\n"));
}

TEST_F(LogTest, WritesEverythingToTheEngineWhenItDebugs) {
  configure({.level = Level::kDebug, .engine_file = dir_ / "log", .engine_json = true});
  stderr_of([&] { say_everything(); });
  const std::string log = slurp(dir_ / "log");
  EXPECT_THAT(log, StartsWith("{\"level\":\"debug\",\"msg\":\"a debug line\""));
  EXPECT_THAT(log, HasSubstr("{\"level\":\"info\",\"msg\":\"an info line\""));
  EXPECT_THAT(log, HasSubstr("{\"level\":\"warning\",\"msg\":\"a warning\""));
}

TEST_F(LogTest, KnowsCrunsKindsOfDestination) {
  configure({.engine_file = "file:" + (dir_ / "log")});
  stderr_of([&] { error("an error"); });
  EXPECT_THAT(slurp(dir_ / "log"), HasSubstr("an error"));
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  for (const char* name : {"journald:id", "syslog:id", "/dev/stderr"}) {
    configure({.engine_file = name});
    EXPECT_EQ(stderr_of([&] { error("e"); }), "xpu-container-runtime: error: e\n") << name;
    EXPECT_FALSE(std::filesystem::exists(dir_ / name)) << name;
  }
  std::filesystem::current_path(before);
}

TEST_F(LogTest, WritesTheDebugFileFromItsLevelOn) {
  configure({.level = Level::kInfo, .debug_file = dir_ / "debug.log"});
  stderr_of([&] { say_everything(); });
  const std::string log = slurp(dir_ / "debug.log");
  EXPECT_THAT(log, MatchesRegex("time=[^\n]* level=info msg=\"an info line\"\n"
                                "time=[^\n]* level=warning msg=\"a warning\"\n"
                                "time=[^\n]* level=error msg=\"an error\"\n"));
  struct stat st {};
  ASSERT_EQ(::stat((dir_ / "debug.log").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0137, 0u);
}

TEST_F(LogTest, DoesNotFollowASymlinkInPlaceOfTheDebugFile) {
  const std::string canary = dir_.write("canary", "");
  std::filesystem::create_symlink(canary, dir_ / "debug.log");
  configure({.level = Level::kDebug, .debug_file = dir_ / "debug.log"});
  EXPECT_EQ(stderr_of([&] {
              error("one");
              error("two");
            }),
            "xpu-container-runtime: debug: cannot open the log " + (dir_ / "debug.log") +
                ": Too many levels of symbolic links\n"
                "xpu-container-runtime: error: one\nxpu-container-runtime: error: two\n");
  EXPECT_EQ(slurp(canary), "");
}

TEST_F(LogTest, KeepsQuietAboutALogThatCannotBeOpened) {
  configure({.engine_file = dir_ / "missing/log", .debug_file = dir_ / "missing/debug"});
  EXPECT_EQ(stderr_of([&] { error("e"); }), "xpu-container-runtime: error: e\n");
}

TEST_F(LogTest, DoesNotWaitForAReaderOfAFifo) {
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  configure({.engine_file = dir_ / "fifo", .debug_file = dir_ / "fifo"});
  EXPECT_EQ(stderr_of([&] { error("e"); }), "xpu-container-runtime: error: e\n");
}

TEST_F(LogTest, SetsALargeDebugFileAside) {
  const std::string file = dir_.write("debug.log", "old");
  ASSERT_EQ(::truncate(file.c_str(), (16 << 20) + 1), 0);
  configure({.debug_file = file});
  stderr_of([&] { error("new"); });
  EXPECT_THAT(slurp(file), MatchesRegex("time=[^\n]* level=error msg=new\n"));
  EXPECT_EQ(std::filesystem::file_size(file + ".old"), (16u << 20) + 1);
}

TEST_F(LogTest, TouchesNothingBeforeTheFirstMessage) {
  configure({.engine_file = dir_ / "log", .debug_file = dir_ / "debug"});
  debug("below the level");
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(LogTest, EscapesControlCharacters) {
  configure({.engine_file = dir_ / "log", .engine_json = true});
  EXPECT_EQ(stderr_of([&] { error("a\nlevel=info \x1b[31m \"b\" \xff"); }),
            "xpu-container-runtime: error: a\\nlevel=info \\x1b[31m \"b\" \\xff\n");
  EXPECT_THAT(slurp(dir_ / "log"),
              HasSubstr(R"("msg":"a\\nlevel=info \\x1b[31m \"b\" \\xff","time")"));
}

TEST_F(LogTest, SaysWhetherAMessageWouldGoAnywhere) {
  configure({});
  EXPECT_TRUE(enabled(Level::kError));
  EXPECT_TRUE(enabled(Level::kWarn));
  EXPECT_FALSE(enabled(Level::kInfo));
  configure({.level = Level::kDebug, .debug_file = "/dev/null"});
  EXPECT_TRUE(enabled(Level::kDebug));
  configure({.level = Level::kInfo, .engine_file = "/dev/null"});
  EXPECT_FALSE(enabled(Level::kInfo));
}

TEST(ParseLevel, KnowsTheNames) {
  Level level = Level::kError;
  EXPECT_TRUE(parse_level("debug", &level));
  EXPECT_EQ(level, Level::kDebug);
  EXPECT_TRUE(parse_level("info", &level));
  EXPECT_EQ(level, Level::kInfo);
  EXPECT_TRUE(parse_level("warning", &level));
  EXPECT_EQ(level, Level::kWarn);
  EXPECT_TRUE(parse_level("error", &level));
  EXPECT_TRUE(parse_level("warn", &level));
  EXPECT_EQ(level, Level::kWarn);
  for (const char* text : {"", "Info", "trace", "debug "}) {
    EXPECT_FALSE(parse_level(text, &level)) << text;
  }
  EXPECT_EQ(level, Level::kWarn);
}

TEST(Printable, KeepsTextAndWritesOutTheRest) {
  EXPECT_EQ(printable("plain, Größe, 漢字, 🐧"), "plain, Größe, 漢字, 🐧");
  EXPECT_EQ(printable(std::string_view("\0\t\r\n\x7f", 5)), "\\x00\\t\\r\\n\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");           // C1 control
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");  // cut off
  EXPECT_EQ(printable(std::string(20'000, 'x')), std::string(16'384, 'x') + "...");
}

TEST(Rfc3339, NamesTheZone) {
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
  EXPECT_EQ(rfc3339(1714564800), "2024-05-01T12:00:00Z");
  ::setenv("TZ", "XXX-5:30", 1);
  ::tzset();
  EXPECT_EQ(rfc3339(1714564800), "2024-05-01T17:30:00+05:30");
  ::setenv("TZ", "XXX3", 1);
  ::tzset();
  EXPECT_EQ(rfc3339(1714564800), "2024-05-01T09:00:00-03:00");
  ::unsetenv("TZ");
  ::tzset();
}

TEST(Lines, AreThoseOfLogrus) {
  EXPECT_EQ(json_line(Level::kError, "T", "a \"b\" \\"),
            "{\"level\":\"error\",\"msg\":\"a \\\"b\\\" \\\\\",\"time\":\"T\"}\n");
  EXPECT_EQ(text_line(Level::kWarn, "T", "two words"),
            "time=\"T\" level=warning msg=\"two words\"\n");
  EXPECT_EQ(text_line(Level::kDebug, "T", "/a/path-1.2"),
            "time=\"T\" level=debug msg=/a/path-1.2\n");
  EXPECT_EQ(person_line("prog", Level::kInfo, "x"), "prog: info: x\n");
}

}  // namespace
}  // namespace xpu::log
