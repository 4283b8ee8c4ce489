// SPDX-License-Identifier: Apache-2.0
// How records end: stamps, sweeps, and what both tell.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <set>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/record/ledger.h"
#include "core/record/record.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

struct Told {
  std::string id;
  std::int64_t end = 0;
  bool estimated = false;
};

class SweepTest : public testing::Test {
 protected:
  SweepTest() : state_(dir_ / "state"), root_(dir_ / "root"), records_(state_) {
    fs::create_directory(root_);
  }

  Record dead(const std::string& id, std::int64_t created = 1700000000) const {
    Record out;
    out.id = id;
    out.runtime_root = root_;
    out.creator = this_process();
    ++out.creator.start_time;  // the pid means another process now
    out.created_unix = created;
    out.created_ns = created * 1000000000;
    out.held = {{"acme:0", "ACME-0", "", "acme", "Acme One", {}, ""}};
    return out;
  }
  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(state_ + "/containers")) {
      out.insert(entry.path().filename());
    }
    return out;
  }
  OnDead listener() {
    return [this](const Record& record, std::int64_t end, bool estimated) {
      told_.push_back({record.id, end, estimated});
    };
  }
  static std::int64_t now() { return static_cast<std::int64_t>(::time(nullptr)); }

  test::TempDir dir_;
  std::string state_, root_;
  Records records_;
  std::vector<Told> told_;
};

TEST_F(SweepTest, TellsTheEndOfEveryDeadRecordOnce) {
  records_.write(dead("a"));
  records_.write(dead("b"));
  records_.write(dead("lives"));
  fs::create_directory(root_ + "/lives");
  const std::int64_t before = now();
  EXPECT_EQ(records_.finish_dead(listener()), 2u);
  EXPECT_EQ(records_.finish_dead(listener()), 0u);
  records_.sweep(10, listener());
  ASSERT_THAT(told_, SizeIs(2));
  EXPECT_NE(told_[0].id, told_[1].id);
  for (const Told& told : told_) {
    EXPECT_TRUE(told.estimated);
    EXPECT_GE(told.end, before - 1);  // the clock of file systems is coarse
    EXPECT_LE(told.end, now());
  }
  EXPECT_THAT(names(), SizeIs(1));
}

TEST_F(SweepTest, AStampSaysWhenItEnded) {
  records_.write(dead("a"));
  fs::create_directory(root_ + "/a");
  const std::int64_t before = now();
  records_.stamp_end(root_, "a");
  const std::optional<Record> stamped = records_.find(root_, "a");
  ASSERT_TRUE(stamped && stamped->end);
  struct stat status = {};
  ASSERT_EQ(::stat((root_ + "/a").c_str(), &status), 0);
  EXPECT_EQ(stamped->end->state_inode, status.st_ino);
  EXPECT_GE(stamped->end->unix_time, before);
  EXPECT_EQ(stamped->held.size(), 1u);
  fs::remove(root_ + "/a");
  records_.sweep(1, listener());
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_EQ(told_[0].end, stamped->end->unix_time);
  EXPECT_FALSE(told_[0].estimated);
}

TEST_F(SweepTest, ARefusedDeletionChangesNothing) {
  Record record = dead("a");
  records_.write(record);
  fs::create_directory(root_ + "/a");
  records_.stamp_end(root_, "a");
  EXPECT_TRUE(Records::live(*records_.find(root_, "a")));
  EXPECT_EQ(records_.finish_dead(listener()), 0u);
}

TEST_F(SweepTest, AnotherContainersStateDoesNotKeepAStampedRecord) {
  records_.write(dead("a"));
  fs::create_directory(root_ + "/a");
  records_.stamp_end(root_, "a");
  fs::create_directory(root_ + "/next");  // while the first is there, so of another inode
  fs::remove(root_ + "/a");
  fs::rename(root_ + "/next", root_ + "/a");
  EXPECT_FALSE(Records::live(*records_.find(root_, "a")));
  EXPECT_EQ(records_.finish_dead(listener()), 1u);
  EXPECT_THAT(told_, SizeIs(1));
}

TEST_F(SweepTest, AStampWithoutAStateSaysOnlyWhen) {
  records_.write(dead("a"));
  records_.stamp_end(root_, "a");
  const std::optional<Record> stamped = records_.find(root_, "a");
  ASSERT_TRUE(stamped && stamped->end);
  EXPECT_EQ(stamped->end->state_inode, 0u);
  fs::create_directory(root_ + "/a");
  EXPECT_TRUE(Records::live(*stamped));
}

TEST_F(SweepTest, AStampIsInTheLedgerToo) {
  Record record = dead("a");
  records_.write(record);
  fs::create_directory(root_ + "/a");
  Ledger(state_).commit();  // made from the record
  records_.stamp_end(root_, "a");
  ASSERT_THAT(look_at_leases(state_).leases(), SizeIs(1));
  EXPECT_EQ(look_at_leases(state_).leases()[0].ended_inode,
            records_.find(root_, "a")->end->state_inode);
}

TEST_F(SweepTest, StampsOnlyWhatIsRecorded) {
  records_.stamp_end(root_, "nobody");
  EXPECT_FALSE(fs::exists(state_));
  records_.write(dead("a"));
  records_.stamp_end(root_, "nobody");
  EXPECT_THAT(names(), SizeIs(1));
}

TEST_F(SweepTest, ARecordWithoutDevicesHasNoEndToTell) {
  Record record = dead("a");
  record.held.clear();
  records_.write(record);
  EXPECT_EQ(records_.finish_dead(listener()), 1u);
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(SweepTest, AnEarlierBootEndedBeforeThisOne) {
  Record record = dead("a");
  record.creator.boot_id = "another";
  records_.write(record);
  Record late = record;
  late.id = "b";
  late.created_unix = now() + 1000;  // by a clock that was wrong
  records_.write(late);
  records_.finish_dead(listener());
  ASSERT_THAT(told_, SizeIs(2));
  timespec up = {};
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  for (const Told& told : told_) {
    EXPECT_TRUE(told.estimated);
    if (told.id == "a") {
      EXPECT_NEAR(static_cast<double>(told.end), static_cast<double>(now() - up.tv_sec), 2);
    } else {
      EXPECT_EQ(told.end, late.created_unix);  // never before it began
    }
  }
}

TEST_F(SweepTest, NobodySeesAnEndLaterThanTheLastChangeOfTheRoot) {
  records_.write(dead("a", 1700000000));
  records_.write(dead("later", 1700000700));
  const timespec times[2] = {{1700000500, 0}, {1700000500, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, root_.c_str(), times, 0), 0);
  EXPECT_EQ(records_.finish_dead(listener()), 2u);
  for (const Told& told : told_) {
    EXPECT_EQ(told.end, told.id == "a" ? 1700000500 : 1700000700);
    EXPECT_TRUE(told.estimated);
  }
}

TEST_F(SweepTest, WhatCouldNotBeToldIsToldLaterWithTheSameEnd) {
  records_.write(dead("a"));
  std::int64_t first = 0;
  EXPECT_EQ(records_.finish_dead([&](const Record&, std::int64_t end, bool) {
    first = end;
    fail("disk full");
  }),
            0u);
  EXPECT_FALSE(records_.find(root_, "a"));  // nobody takes it for alive
  ASSERT_THAT(names(), SizeIs(1));
  EXPECT_TRUE(names().begin()->ends_with(".ended"));
  ::sleep(2);
  EXPECT_EQ(records_.finish_dead(listener()), 1u);
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_EQ(told_[0].end, first);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(SweepTest, WhoIsKilledWhileTellingLosesNoEnd) {
  records_.write(dead("a"));
  const pid_t child = ::fork();
  if (child == 0) {
    records_.sweep(1, [](auto&&...) { ::raise(SIGKILL); });
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  records_.sweep(1, listener());
  EXPECT_THAT(told_, SizeIs(1));
}

TEST_F(SweepTest, ManySweepsTellOnce) {
  constexpr int kRecords = 60;
  for (int i = 0; i < kRecords; ++i) {
    records_.write(dead("c" + std::to_string(i)));
  }
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) {
      records_.finish_dead([&](const Record& record, auto...) {
        const std::string line = record.id + "\n";
        if (::write(said[1], line.data(), line.size()) < 0) {
          ::_exit(1);
        }
      });
      ::_exit(0);
    }
  }
  ::close(said[1]);
  std::string all;
  char buffer[4096];
  for (ssize_t n; (n = ::read(said[0], buffer, sizeof buffer)) > 0;) {
    all.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(said[0]);
  for (const pid_t child : children) {
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), kRecords);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(SweepTest, ANewRecordDoesNotSwallowTheEndOfAnOlderOne) {
  records_.write(dead("a", 1700000000));
  Record next = dead("a", 1700000500);
  next.creator = this_process();
  records_.write(next);
  records_.write(next);  // the same lease again changes nothing
  EXPECT_THAT(names(), SizeIs(2));
  EXPECT_EQ(records_.find(root_, "a")->created_unix, 1700000500);
  std::vector<std::int64_t> begins;
  EXPECT_EQ(records_.finish_dead(
                [&](const Record& record, auto...) { begins.push_back(record.created_unix); }),
            1u);
  EXPECT_THAT(begins, ElementsAre(1700000000));
  EXPECT_TRUE(records_.find(root_, "a"));
}

TEST_F(SweepTest, GeneratedFilesOfTheNewContainerStay) {
  records_.write(dead("a", 1700000000));
  Record next = dead("a", 1700000500);
  next.creator = this_process();
  records_.write(next);
  const std::string generated = records_.state_folder(root_, "a");
  fs::create_directory(generated);
  EXPECT_EQ(records_.finish_dead(listener()), 1u);
  EXPECT_TRUE(fs::exists(generated));
}

TEST_F(SweepTest, FinishTakesOnlyTheOneThatIsMeant) {
  records_.write(dead("a"));
  records_.write(dead("b"));
  Record mine = dead("mine");
  mine.creator = this_process();
  records_.write(mine);
  records_.finish(root_, "a", listener());
  records_.finish(root_, "mine", listener());
  records_.finish(root_, "nobody", listener());
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_EQ(told_[0].id, "a");
  EXPECT_TRUE(records_.find(root_, "b"));
  EXPECT_TRUE(records_.find(root_, "mine"));
}

TEST_F(SweepTest, AllAreTheReadableOnes) {
  EXPECT_THAT(records_.all(), IsEmpty());
  records_.write(dead("a"));
  records_.write(dead("b"));
  records_.write(dead("newer"));
  records_.write(dead("damaged"));
  const std::string newer = records_.state_folder(root_, "newer") + ".json";
  std::string text = test::slurp(newer);
  text.replace(text.find("\"version\":1"), 11, "\"version\":2");
  std::ofstream(newer, std::ios::trunc) << text;
  const std::string damaged = records_.state_folder(root_, "damaged");
  std::ofstream(damaged + ".json", std::ios::trunc) << "{";
  std::vector<std::string> unknown, ids;
  for (const Record& record : records_.all(&unknown)) {
    ids.push_back(record.id);
  }
  EXPECT_THAT(ids, UnorderedElementsAre("a", "b"));
  EXPECT_THAT(unknown, ElementsAre(newer));
  EXPECT_TRUE(fs::exists(damaged + ".bad"));
}

TEST_F(SweepTest, AFolderThatIsLockedByAProcessThatStandsStillIsLeft) {
  records_.write(dead("a"));
  const std::string folder = state_ + "/containers";
  const Fd held(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  EXPECT_EQ(test::error_of([&] { records_.write(dead("b")); }),
            "cannot lock " + folder +
                ": another process has held it for 10 seconds; see which one: fuser -v " + folder);
  EXPECT_TRUE(records_.find(root_, "a"));  // reading needs no lock
}

}  // namespace
}  // namespace xpu
