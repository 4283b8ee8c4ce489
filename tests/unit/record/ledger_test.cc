// SPDX-License-Identifier: Apache-2.0
#include "core/record/ledger.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/lease/fast_hash.h"
#include "core/lease/lease_format.h"
#include "core/record/record.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() : state_(dir_ / "state"), root_(dir_ / "root") { fs::create_directory(root_); }

  std::string file() const { return state_ + "/leases"; }

  // Of a container that this process is about to create.
  Lease mine(const std::string& id, const std::string& key = "ACME-0") const {
    const Creator self = this_process();
    Lease out;
    out.id = id;
    out.runtime_root = root_;
    out.pid = self.pid;
    out.start_time = self.start_time;
    out.exclusive = true;
    out.since_unix = 1700000000;
    out.devices = {{"acme:0", key, ""}};
    return out;
  }
  // Its creator is gone: its pid means another process now.
  Lease orphan(const std::string& id) const {
    Lease out = mine(id);
    ++out.start_time;
    return out;
  }
  Waiter waiter(const std::string& id) const {
    const Creator self = this_process();
    return {id, root_, self.pid, self.start_time, 1700000000, {"ACME-0"}, {}};
  }
  Record record_of(const Lease& lease) const {
    Record out;
    out.id = lease.id;
    out.runtime_root = lease.runtime_root;
    out.creator = {lease.pid, lease.start_time, boot_id()};
    out.exclusive = lease.exclusive;
    out.created_unix = lease.since_unix;
    for (const HeldDevice& device : lease.devices) {
      out.held.push_back({device.id, device.key, device.parent_key, "acme", "Acme One", {}, ""});
    }
    return out;
  }
  void add(const std::vector<Lease>& leases) const {
    Ledger ledger(state_);
    for (const Lease& lease : leases) {
      ledger.add(lease);
    }
    ledger.commit();
  }
  void create_state(const std::string& id) const { fs::create_directory(root_ + "/" + id); }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    const Holdings holdings = look_at_leases(state_);
    for (const Lease& lease : holdings.leases()) {
      out.push_back(lease.id);
    }
    return out;
  }
  void put(const std::string& bytes) const {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
    ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  }

  test::TempDir dir_;
  std::string state_, root_;
};

TEST_F(LedgerTest, AddsReplacesAndRemoves) {
  add({mine("a"), mine("b")});
  Lease again = mine("a", "ACME-1");
  again.runtime_root = root_;
  add({again});
  const Holdings holdings = look_at_leases(state_);
  EXPECT_THAT(holdings.leases(), UnorderedElementsAre(again, mine("b")));
  Ledger ledger(state_);
  EXPECT_EQ(ledger.holdings().leases(), holdings.leases());
  ledger.remove(root_, "a");
  ledger.remove(root_, "nobody");
  ledger.add(mine("c"));
  ledger.remove(root_, "c");
  EXPECT_THAT(ids(), UnorderedElementsAre("a", "b"));  // nothing before commit()
  ledger.commit();
  EXPECT_THAT(ids(), ElementsAre("b"));
}

TEST_F(LedgerTest, WithoutACommitNothingHappens) {
  add({mine("a")});
  const std::string before = test::slurp(file());
  {
    Ledger ledger(state_);
    ledger.add(mine("b"));
    ledger.remove(root_, "a");
  }
  EXPECT_EQ(test::slurp(file()), before);
  Ledger(state_).commit();  // nothing to do
  EXPECT_EQ(test::slurp(file()), before);
}

TEST_F(LedgerTest, FilesAreTheCallersAlone) {
  add({mine("a")});
  for (const char* name : {"/leases", "/leases.lock"}) {
    struct stat status = {};
    ASSERT_EQ(::lstat((state_ + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u) << name;
  }
}

TEST_F(LedgerTest, LookingCreatesNothing) {
  EXPECT_THAT(look_at_leases(state_).leases(), IsEmpty());
  EXPECT_FALSE(fs::exists(state_));
}

TEST_F(LedgerTest, LeavesOutDeadLeases) {
  add({mine("creating"), orphan("dead"), orphan("running")});
  create_state("running");
  EXPECT_THAT(ids(), UnorderedElementsAre("creating", "running"));
  Ledger ledger(state_);
  EXPECT_THAT(ledger.ended(), ElementsAre(orphan("dead")));
  ledger.add(mine("new"));
  ledger.commit();
  EXPECT_THAT(test::slurp(file()), Not(HasSubstr("dead")));
}

TEST_F(LedgerTest, AnEndAloneIsWritten) {
  add({mine("a"), orphan("dead")});
  Ledger(state_).commit();
  EXPECT_THAT(test::slurp(file()), AllOf(HasSubstr(" a "), Not(HasSubstr("dead"))));
}

TEST_F(LedgerTest, ManyThatDiedAtOnceEndAFewAtATime) {
  std::vector<Lease> leases;
  for (int i = 0; i < 20; ++i) {
    leases.push_back(orphan("dead" + std::to_string(i)));
  }
  add(leases);
  std::set<std::string> ended;
  for (const std::size_t now : {8, 8, 4, 0}) {
    Ledger ledger(state_);
    EXPECT_THAT(ledger.ended(), SizeIs(now));
    for (const Lease& lease : ledger.ended()) {
      EXPECT_TRUE(ended.insert(lease.id).second) << lease.id;
      EXPECT_EQ(lease, orphan(lease.id));
    }
    EXPECT_EQ(ledger.holdings().obstacle(mine("x").devices[0], true, 0).holder, nullptr);
    ledger.enqueue(waiter("w" + std::to_string(ended.size())));
    ledger.commit();
  }
  EXPECT_THAT(ended, SizeIs(20));
  EXPECT_THAT(test::slurp(file()), Not(HasSubstr("dead")));
}

TEST_F(LedgerTest, ADeadLeaseLeavesTheFileWhenItsIdIsUsedAgain) {
  std::vector<Lease> leases;
  for (int i = 0; i < 20; ++i) {
    leases.push_back(orphan("dead" + std::to_string(i)));
  }
  add(leases);
  Ledger ledger(state_);
  ledger.add(mine("dead18"));
  ledger.remove(root_, "dead19");
  ledger.commit();
  create_state("dead17");
  create_state("dead18");
  create_state("dead19");
  const Holdings holdings = look_at_leases(state_);
  EXPECT_THAT(holdings.leases(), UnorderedElementsAre(orphan("dead17"), mine("dead18")));
}

TEST_F(LedgerTest, ManyContainersOfOneRootAreJudgedLikeFew) {
  std::vector<Lease> leases;
  for (int i = 0; i < 1000; ++i) {
    leases.push_back(orphan("c" + std::to_string(i)));
    if (i % 3 == 0) {
      create_state(leases.back().id);
    }
  }
  leases.push_back(mine("creating"));
  Lease elsewhere = orphan("c0");
  elsewhere.runtime_root = dir_ / "no/such/root";
  leases.push_back(elsewhere);
  add(leases);
  Ledger ledger(state_);
  EXPECT_THAT(ledger.holdings().leases(), SizeIs(334 + 1));
  EXPECT_THAT(ledger.ended(), SizeIs(8));
  for (const Lease& lease : ledger.holdings().leases()) {
    EXPECT_TRUE(lease.id == "creating" || std::stoi(lease.id.substr(1)) % 3 == 0) << lease.id;
  }
}

TEST_F(LedgerTest, ARootThatCannotBeLookedIntoSaysNothing) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "must be root to become somebody else";
  }
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  // By one look at each name, and by a listing.
  for (const int count : {1, 100}) {
    const auto seen_by_somebody = [&] {
      return test::in_child([&] {
        test::become_user(1234);
        const std::string state = "/tmp/xpu-ledger-" + std::to_string(::getpid());
        {
          Ledger ledger(state);
          for (int i = 0; i < count; ++i) {
            ledger.add(orphan("c" + std::to_string(i)));
          }
          ledger.commit();
        }
        const std::size_t seen = look_at_leases(state).leases().size();
        fs::remove_all(state);
        return std::to_string(seen);
      });
    };
    ASSERT_EQ(::chmod(root_.c_str(), 0755), 0);
    EXPECT_EQ(seen_by_somebody(), "0");
    ASSERT_EQ(::chmod(root_.c_str(), 0700), 0);
    EXPECT_EQ(seen_by_somebody(), std::to_string(count));
  }
}

TEST_F(LedgerTest, AnotherContainerOfTheSameIdDoesNotKeepALease) {
  for (const int others : {0, 100}) {
    std::vector<Lease> leases = {orphan("reused"), orphan("same")};
    create_state("reused");
    create_state("same");
    struct stat status = {};
    ASSERT_EQ(::stat((root_ + "/same").c_str(), &status), 0);
    leases[1].ended_inode = status.st_ino;      // its deletion was refused
    leases[0].ended_inode = status.st_ino + 1;  // another folder than the one that is there
    for (int i = 0; i < others; ++i) {
      leases.push_back(mine("other" + std::to_string(i)));
    }
    add(leases);
    Ledger ledger(state_);
    ASSERT_THAT(ledger.ended(), SizeIs(1));
    EXPECT_EQ(ledger.ended()[0].id, "reused");
    EXPECT_THAT(ledger.holdings().leases(), SizeIs(1 + others));
    fs::remove(root_ + "/reused");
    fs::remove(root_ + "/same");
    fs::remove_all(state_);
  }
}

TEST_F(LedgerTest, AStampNotesWhichFolderTheContainerHad) {
  add({orphan("a"), orphan("b")});
  create_state("a");
  create_state("b");
  struct stat status = {};
  ASSERT_EQ(::stat((root_ + "/a").c_str(), &status), 0);
  stamp_lease(state_, root_, "a", status.st_ino);
  stamp_lease(state_, root_, "nobody", 7);
  EXPECT_THAT(ids(), UnorderedElementsAre("a", "b"));  // refused: it is still there
  fs::remove(root_ + "/a");
  EXPECT_THAT(ids(), ElementsAre("b"));
  stamp_lease(state_, root_, "b", 7);
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(LedgerTest, WaitersKeepTheirPlace) {
  {
    Ledger ledger(state_);
    ledger.enqueue(waiter("first"));
    ledger.enqueue(waiter("second"));
    ledger.commit();
  }
  {
    Ledger ledger(state_);
    ledger.enqueue(waiter("third"));
    ledger.enqueue(waiter("first"));
    ledger.commit();
  }
  Ledger ledger(state_);
  EXPECT_THAT(ledger.holdings().waiters(),
              ElementsAre(waiter("first"), waiter("second"), waiter("third")));
  ledger.dequeue(root_, "second");
  ledger.dequeue(root_, "nobody");
  ledger.commit();
  EXPECT_THAT(look_at_leases(state_).waiters(), ElementsAre(waiter("first"), waiter("third")));
}

TEST_F(LedgerTest, WhoDiedDoesNotWait) {
  Waiter dead = waiter("dead");
  ++dead.start_time;
  Ledger ledger(state_);
  ledger.enqueue(dead);
  ledger.enqueue(waiter("alive"));
  ledger.commit();
  EXPECT_THAT(look_at_leases(state_).waiters(), ElementsAre(waiter("alive")));
}

TEST_F(LedgerTest, AMissingLedgerIsMadeFromTheRecords) {
  Records records(state_);
  records.write(record_of(mine("creating")));
  records.write(record_of(orphan("dead")));
  records.write(record_of(orphan("running")));
  Record nothing = record_of(mine("driver files only"));
  nothing.held.clear();
  records.write(nothing);
  Record before = record_of(mine("before the restart"));
  before.creator.boot_id = "another";
  records.write(before);
  Record ended = record_of(orphan("ended"));
  ended.end = EndStamp{1, 1};  // of an inode that the folder below does not have
  records.write(ended);
  create_state("running");
  create_state("ended");
  create_state("before the restart");
  EXPECT_THAT(look_at_leases(state_).leases(),
              UnorderedElementsAre(mine("creating"), orphan("running")));
  EXPECT_FALSE(fs::exists(file()));
  Ledger(state_).commit();
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_THAT(ids(), UnorderedElementsAre("creating", "running"));
}

TEST_F(LedgerTest, ADamagedLedgerIsPutAsideAndMadeFromTheRecords) {
  add({mine("a")});
  Records(state_).write(record_of(mine("a")));
  const std::string good = test::slurp(file());
  for (const std::string& bytes :
       {std::string(), std::string(100, '\0'), std::string("{}"), good.substr(0, good.size() / 2),
        good.substr(0, good.size() - 1), good + "x", "x" + good}) {
    put(bytes);
    EXPECT_THAT(ids(), ElementsAre("a"));  // looking mends nothing
    EXPECT_EQ(test::slurp(file()), bytes);
    testing::internal::CaptureStderr();
    {
      Ledger ledger(state_);
      EXPECT_THAT(ledger.holdings().leases(), ElementsAre(mine("a")));
      ledger.commit();
    }
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                AllOf(HasSubstr(file() + " is damaged: it is "),
                      HasSubstr("; it is kept as leases.bad and made anew from the container "
                                "records")));
    EXPECT_EQ(test::slurp(state_ + "/leases.bad"), bytes);
    EXPECT_EQ(test::slurp(file()), good);
  }
}

TEST_F(LedgerTest, AFutureVersionIsLeftAlone) {
  add({mine("a")});
  const std::string body = "xpu-leases 7\nsomething\n";
  const std::string future = body + "end " + hex64(fast_hash(body)) + "\n";
  put(future);
  const std::string text = file() +
                           " was written by a newer version of this runtime (format 7); install "
                           "that version, or end its containers and remove the file";
  EXPECT_EQ(test::error_of([&] { Ledger ledger(state_); }), text);
  EXPECT_EQ(test::error_of([&] { look_at_leases(state_); }), text);
  EXPECT_EQ(test::error_of([&] { stamp_lease(state_, root_, "a", 1); }), text);
  EXPECT_EQ(test::slurp(file()), future);
}

TEST_F(LedgerTest, FutureRecordsWithoutALedgerFailClosed) {
  Records records(state_);
  records.write(record_of(mine("a")));
  const std::string path = records.state_folder(root_, "a") + ".json";
  std::string text = test::slurp(path);
  text.replace(text.find("\"version\":1"), 11, "\"version\":9");
  std::ofstream(path, std::ios::trunc) << text;
  EXPECT_EQ(test::error_of([&] { Ledger ledger(state_); }),
            "nobody knows which devices are held: the list of leases is missing or damaged, and " +
                path +
                " was written by a newer version of this runtime; install that version, or end "
                "its container and remove the file");
}

TEST_F(LedgerTest, NothingSurvivesARestartOfTheMachine) {
  const std::vector<Lease> leases = {mine("a")};
  fs::create_directory(state_);
  ASSERT_EQ(::chmod(state_.c_str(), 0700), 0);
  put(leases_text("another-boot", {}, {}, leases, {}));
  create_state("a");
  Ledger ledger(state_);
  EXPECT_THAT(ledger.holdings().leases(), IsEmpty());
  ledger.add(mine("b"));
  ledger.commit();
  EXPECT_THAT(ids(), ElementsAre("b"));
  EXPECT_FALSE(fs::exists(state_ + "/leases.bad"));
}

TEST_F(LedgerTest, RefusesFilesThatAreNotItsOwn) {
  add({mine("a")});
  const std::string lock = state_ + "/leases.lock", other = dir_.write("other", "x");
  ASSERT_EQ(::chmod(file().c_str(), 0666), 0);
  EXPECT_EQ(test::error_of([&] { Ledger ledger(state_); }),
            file() + " is no file of ours, or others can write it; remove it");
  fs::remove(file());
  fs::create_symlink(other, file());
  EXPECT_THAT(test::error_of([&] { Ledger ledger(state_); }), HasSubstr("cannot open " + file()));
  fs::remove(file());
  fs::remove(lock);
  fs::create_symlink(other, lock);
  EXPECT_THAT(test::error_of([&] { Ledger ledger(state_); }), HasSubstr("cannot open " + lock));
  fs::remove(lock);
  ASSERT_EQ(::mkfifo(lock.c_str(), 0600), 0);
  EXPECT_EQ(test::error_of([&] { Ledger ledger(state_); }),
            lock + " is no file of ours, or others can write it; remove it");
  EXPECT_EQ(test::slurp(other), "x");
}

TEST_F(LedgerTest, ALockThatIsNeverFreeIsAnErrorThatSaysHowToFindOut) {
  add({mine("a")});
  const std::string lock = state_ + "/leases.lock";
  const Fd held(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  EXPECT_EQ(test::error_of([&] { stamp_lease(state_, root_, "a", 1); }),
            "cannot lock " + lock +
                ": another process has held it for 1 seconds; see which one: fuser -v " + lock);
  EXPECT_THAT(ids(), ElementsAre("a"));  // looking needs no lock
}

TEST_F(LedgerTest, ALockFileThatWasRemovedGuardsNothing) {
  add({mine("a")});
  const std::string lock = state_ + "/leases.lock";
  const Fd held(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  fs::remove(lock);
  add({mine("b")});
  EXPECT_THAT(ids(), UnorderedElementsAre("a", "b"));
}

TEST_F(LedgerTest, WhatAKilledWriterLeftGoesAway) {
  add({mine("a"), orphan("dead")});
  const std::string left = state_ + "/.leases.xpu-0123456789abcdef";
  std::ofstream(left) << "half";
  add({mine("b")});  // a lease has ended, and that may have been its writer's
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(LedgerTest, AStateFolderThatCannotBeWrittenIsAnError) {
  std::ofstream(state_) << "a file";
  EXPECT_THAT(test::error_of([&] { Ledger ledger(state_); }), HasSubstr(state_));
}

}  // namespace
}  // namespace xpu
