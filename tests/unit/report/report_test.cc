// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.h"
#include "core/base/clock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/base/error.h"
#include "core/report/counters.h"
#include "core/report/receiver.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

StartReport full() {
  StartReport out;
  out.time_ns = 1'700'000'000'000'000'000;
  out.result = StartResult::kDenied;
  out.reason = "policy does not accept \"environment\"";
  out.rule = "environment";
  out.passed_by = {"annotations"};
  out.container = "c1";
  out.runtime_root = "/run/some root";
  out.name = "train";
  out.engine = "docker";
  out.pod = "trainer-0";
  out.pod_namespace = "ml";
  out.devices = {"acme:0", "bolt:1"};
  out.vendors = {"acme", "bolt"};
  out.caches = {{"sim", true}, {"other", false}};
  out.step_ns = {1, 2, 3, 0, 5, 6};
  out.total_ns = 17;
  return out;
}

TEST(Report, ComesBackAsItWas) {
  EXPECT_EQ(parse_report(report_text(full())), full());
  const StartReport empty;
  EXPECT_EQ(parse_report(report_text(empty)), empty);
  for (std::size_t i = 0; i < kStartResults; ++i) {
    const auto result = static_cast<StartResult>(i);
    EXPECT_EQ(start_result(to_string(result)), result);
  }
  for (std::size_t i = 0; i < kStartSteps; ++i) {
    const auto step = static_cast<StartStep>(i);
    EXPECT_EQ(start_step(to_string(step)), step);
  }
}

TEST(Report, IsBounded) {
  StartReport report;
  report.reason = std::string(511, 'a') + "\u00e9 and more";
  report.name = "two\nlines\tand\x7f";
  report.devices.assign(1000, std::string(2000, 'd'));
  const std::optional<StartReport> back = parse_report(report_text(report).substr(0, 15 << 10));
  EXPECT_EQ(back, std::nullopt) << "a torn report is none";
  report.devices.assign(1000, "acme:0");
  const std::optional<StartReport> whole = parse_report(report_text(report));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->reason, std::string(511, 'a')) << "a character is not cut in two";
  EXPECT_EQ(whole->name, "two lines and ");
  EXPECT_THAT(whole->devices, SizeIs(64));
}

TEST(Report, RefusesWhatIsNone) {
  for (const char* text :
       {"", "xpu-start 1", "xpu-start 2\nresult started\n", "xpu-start 1\n",
        "xpu-start 1\nresult well\n", "xpu-start 1\nresult started\nmore than is known\n",
        "xpu-start 1\nresult started\ntime -1\n", "xpu-start 1\nresult started\ntime 1x\n",
        "xpu-start 1\nresult started\ntime 99999999999999999999\n",
        "xpu-start 1\nresult started\nstep dance 1\n", "xpu-start 1\nresult started\nstep plan\n",
        "xpu-start 1\nresult started\ncache maybe sim\n",
        "xpu-start 1\nresult started\ncache hit\n", "xpu-start 1\nresult started\n\n",
        "xpu-start 1\nresult started\nname a\tb\n", "xpu-start 1\nresult started\nname a"}) {
    EXPECT_EQ(parse_report(text), std::nullopt) << text;
  }
  std::string many = "xpu-start 1\nresult started\n";
  for (int i = 0; i < 65; ++i) {
    many += "device acme:0\n";
  }
  EXPECT_EQ(parse_report(many), std::nullopt);
}

class ReceiverTest : public testing::Test {
 protected:
  ReceiverTest() { ::chmod((dir_.path()).c_str(), 0700); }
  bool readable(const ReportReceiver& receiver) const {
    pollfd one{receiver.fd(), POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
  }
  int connect() const {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    (dir_ / "xpud.socket").copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  test::TempDir dir_;
};

TEST_F(ReceiverTest, TakesAWholeBurst) {
  send_report(dir_.path(), full());  // nobody listens: nothing happens
  EXPECT_FALSE(reports_wanted(dir_.path()));
  ReportReceiver receiver(dir_.path());
  EXPECT_TRUE(reports_wanted(dir_.path()));
  EXPECT_FALSE(readable(receiver));
  for (int i = 0; i < 200; ++i) {
    StartReport report = full();
    report.container = "c" + std::to_string(i);
    send_report(dir_.path(), report);
  }
  EXPECT_TRUE(readable(receiver));
  const std::vector<StartReport> got = receiver.next();
  ASSERT_THAT(got, SizeIs(200));
  EXPECT_EQ(got.front(), [] {
    StartReport report = full();
    report.container = "c0";
    return report;
  }());
  EXPECT_FALSE(readable(receiver));
  EXPECT_THAT(receiver.next(), IsEmpty());
  EXPECT_EQ(receiver.refused(), 0U);
}

TEST_F(ReceiverTest, NobodyIsHeldUpByOneThatDoesNotListen) {
  ReportReceiver receiver(dir_.path());
  for (int i = 0; i < 2000; ++i) {
    send_report(dir_.path(), full());
  }
  EXPECT_THAT(receiver.next(), SizeIs(testing::Ge(200U)));
}

TEST_F(ReceiverTest, WaitsForWhoHasNotSpokenYetAndPassesOverNonsense) {
  ReportReceiver receiver(dir_.path());
  const int slow = connect();
  const int mad = connect();
  const int gone = connect();
  ::close(gone);
  ASSERT_EQ(::send(mad, "xpu-start 9\n", 12, 0), 12);
  EXPECT_THAT(receiver.next(), IsEmpty());
  EXPECT_EQ(receiver.refused(), 2U);
  EXPECT_FALSE(readable(receiver));
  const std::string text = report_text(full());
  ASSERT_EQ(::send(slow, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_TRUE(readable(receiver));
  EXPECT_THAT(receiver.next(), SizeIs(1));
  ::close(slow);
  ::close(mad);
}

TEST_F(ReceiverTest, ThoseWhoNeverSpeakAreBounded) {
  ReportReceiver receiver(dir_.path());
  std::vector<int> held;
  for (int i = 0; i < 300; ++i) {
    held.push_back(connect());
  }
  receiver.next();
  receiver.next();
  EXPECT_EQ(receiver.refused(), 44U);
  send_report(dir_.path(), full());
  EXPECT_THAT(receiver.next(), SizeIs(1));
  for (const int fd : held) {
    ::close(fd);
  }
}

TEST_F(ReceiverTest, OnlyRootMayReport) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  ReportReceiver receiver(dir_.path());
  struct stat found = {};
  ASSERT_EQ(::stat((dir_ / "xpud.socket").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600U);
  // Even where the permissions of the file were opened.
  ::chmod((dir_ / "xpud.socket").c_str(), 0666);
  ::chmod((dir_.path()).c_str(), 0711);
  const pid_t child = ::fork();
  if (child == 0) {
    test::become_user(65534);
    send_report(dir_.path(), full());
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_THAT(receiver.next(), IsEmpty());
  EXPECT_EQ(receiver.refused(), 1U);
}

TEST_F(ReceiverTest, TheSocketOfADeadOneIsReplacedAndNothingElse) {
  const std::string path = dir_ / "xpud.socket";
  const pid_t child = ::fork();
  if (child == 0) {
    ReportReceiver receiver(dir_.path());
    ::_exit(0);  // leaves its socket
  }
  ::waitpid(child, nullptr, 0);
  struct stat found = {};
  ASSERT_EQ(::lstat(path.c_str(), &found), 0);
  {
    ReportReceiver receiver(dir_.path());
    try {
      ReportReceiver second(dir_.path());
      FAIL() << "two of them";
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), cat(path,
                                  ": somebody listens there already: is another xpud "
                                  "running? Stop it first"));
    }
    send_report(dir_.path(), full());
    EXPECT_THAT(receiver.next(), SizeIs(1));
  }
  EXPECT_NE(::lstat(path.c_str(), &found), 0) << "it goes with the receiver";
  std::ofstream(path) << "mine";
  try {
    ReportReceiver receiver(dir_.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              cat(path, " is there and is no socket; remove it, or choose another path"));
  }
}

TEST_F(ReceiverTest, AFolderOfTooLongANameIsSaid) {
  const std::string folder = dir_ / std::string(120, 'x');
  ::mkdir(folder.c_str(), 0700);
  EXPECT_FALSE(reports_wanted(folder));
  send_report(folder, full());
  try {
    ReportReceiver receiver(folder);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is longer than the path of a socket may be (107 bytes)"));
  }
}

TEST(Clock, MeasuresSteps) {
  StartClock clock(monotonic_ns());
  clock.ended(StartStep::kConfiguration);
  ::usleep(2000);
  clock.ended(StartStep::kPlan);
  StartReport report;
  clock.write_to(report);
  EXPECT_GE(report.step_ns[static_cast<int>(StartStep::kPlan)], 2'000'000);
  EXPECT_LT(report.step_ns[static_cast<int>(StartStep::kConfiguration)], 2'000'000);
  EXPECT_EQ(report.step_ns[static_cast<int>(StartStep::kWrite)], 0);
  EXPECT_GE(report.total_ns, report.step_ns[static_cast<int>(StartStep::kPlan)]);
  EXPECT_GT(report.time_ns, 1'700'000'000'000'000'000);
}

TEST(Counters, CountEachStartOnce) {
  RuntimeCounters counters;
  StartReport report;
  report.result = StartResult::kStarted;
  report.vendors = {"acme"};
  report.caches = {{"sim", true}};
  report.step_ns = {300'000, 1'000'000, 0, 5'000'000'000, 0, 20'000'000'000};
  report.total_ns = 5'002'000'000;
  counters.add(report);
  report.vendors = {"acme", "bolt"};
  report.caches = {{"sim", false}};
  report.passed_by = {"annotations"};
  counters.add(report);
  counters.add(full());
  using Start = std::pair<StartResult, std::string>;
  EXPECT_EQ(counters.starts[Start(StartResult::kStarted, "acme")], 1U);
  EXPECT_EQ(counters.starts[Start(StartResult::kStarted, "several")], 1U);
  EXPECT_EQ(counters.starts[Start(StartResult::kDenied, "several")], 1U);
  EXPECT_EQ(counters.caches["sim"], (CacheCounts{2, 1}));
  EXPECT_EQ(counters.denials[std::pair(std::string("environment"), true)], 1U);
  EXPECT_EQ(counters.denials[std::pair(std::string("annotations"), false)], 2U);
  const DurationHistogram& configuration =
      counters.steps[static_cast<int>(StartStep::kConfiguration)];
  EXPECT_EQ(configuration.count, 3U);
  EXPECT_EQ(configuration.buckets[0], 1U) << "1 ns";
  EXPECT_EQ(configuration.buckets[2], 2U) << "0.3 ms";
  // A value at the end of a bucket belongs to it.
  EXPECT_EQ(counters.steps[static_cast<int>(StartStep::kCatalogs)].buckets[3], 2U);
  EXPECT_EQ(counters.steps[static_cast<int>(StartStep::kWrite)].buckets.back(), 2U) << "20 s";
  EXPECT_EQ(counters.total.count, 2U) << "only of starts with devices";
  EXPECT_NEAR(counters.total.sum, 0.004, 1e-9) << "without the waiting";
}

TEST(Counters, AreBounded) {
  RuntimeCounters counters;
  for (int i = 0; i < 1000; ++i) {
    StartReport report;
    report.result = StartResult::kDenied;
    report.vendors = {"v" + std::to_string(i)};
    report.rule = "r" + std::to_string(i);
    report.caches = {{"b" + std::to_string(i), true}};
    counters.add(report);
  }
  EXPECT_LE(counters.starts.size(), RuntimeCounters::kMost + kStartResults);
  EXPECT_LE(counters.denials.size(), RuntimeCounters::kMost + 2);
  EXPECT_EQ(counters.caches["other"].hits, 1000 - RuntimeCounters::kMost);
}

}  // namespace
}  // namespace xpu
