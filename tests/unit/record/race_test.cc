// SPDX-License-Identifier: Apache-2.0
// Many processes that want few devices, some of which are killed at any moment.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

#include "core/base/error.h"
#include "core/record/ledger.h"
#include "core/record/record.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

constexpr int kDevices = 8;
constexpr int kRacers = 100;

// How a racer ends.
enum Outcome { kHolds = 'H', kRefused = 'R', kTwice = '2', kBroken = 'E' };

HeldDevice device(int number) {
  const std::string n = std::to_string(number);
  return {"acme:" + n, "ACME-" + n, ""};
}

class RaceTest : public testing::Test {
 protected:
  RaceTest() : state_(dir_ / "state") {
    if (::pipe(said_) != 0 || ::pipe(go_) != 0) {
      throw Error("no pipe");
    }
    std::filesystem::create_directory(dir_ / "root");
    std::filesystem::create_directory(dir_ / "devices");
  }

  // Takes the first free device; -1 for none.
  int take(const std::string& id) const {
    Ledger ledger(state_);
    for (int i = 0; i < kDevices; ++i) {
      if (ledger.holdings().obstacle(device(i), true, 0).holder != nullptr) {
        continue;
      }
      const Creator self = this_process();
      Record record;
      record.id = id;
      record.runtime_root = dir_ / "root";
      record.creator = self;
      record.exclusive = true;
      record.held = {{device(i).id, device(i).key, "", "acme", "Acme One", {}, ""}};
      Records(state_).write(record);
      Lease lease;
      lease.id = id;
      lease.runtime_root = record.runtime_root;
      lease.pid = self.pid;
      lease.start_time = self.start_time;
      lease.exclusive = true;
      lease.devices = {device(i)};
      ledger.add(lease);
      ledger.commit();
      return i;
    }
    return -1;
  }

  // Who holds a device has its lock, which the kernel takes back when they die: that is the truth
  // that the ledger is measured by.
  Outcome race(const std::string& id) const {
    try {
      const int taken = take(id);
      if (taken < 0) {
        return kRefused;
      }
      const std::string path = dir_ / ("devices/" + std::to_string(taken));
      const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      return fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0 ? kHolds : kTwice;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return kBroken;
    }
  }

  // A child that waits for go(), races, says how it ended and lives on if it holds something.
  pid_t start(const std::string& id) {
    const pid_t child = ::fork();
    if (child != 0) {
      return child;
    }
    ::close(go_[1]);
    char byte = 0;
    while (::read(go_[0], &byte, 1) > 0) {
    }
    const char outcome = static_cast<char>(race(id));
    if (::write(said_[1], &outcome, 1) == 1 && outcome == kHolds) {
      for (;;) {
        ::pause();
      }
    }
    ::_exit(0);
  }
  void go() {
    ::close(go_[1]);
    ::close(go_[0]);
    if (::pipe(go_) != 0) {
      throw Error("no pipe");
    }
  }
  std::string outcomes(int count) const {
    std::string out(count, '\0');
    for (int got = 0; got < count;) {
      const ssize_t n = ::read(said_[0], out.data() + got, count - got);
      if (n <= 0) {
        throw Error("no outcome");
      }
      got += static_cast<int>(n);
    }
    return out;
  }
  static void end(const std::vector<pid_t>& children) {
    for (const pid_t child : children) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }

  test::TempDir dir_;
  std::string state_;
  int said_[2] = {}, go_[2] = {};
};

TEST_F(RaceTest, AHundredProcessesGetEightDevicesOnce) {
  for (int round = 0; round < 3; ++round) {
    std::vector<pid_t> children;
    for (int i = 0; i < kRacers; ++i) {
      children.push_back(start("r" + std::to_string(round) + "-" + std::to_string(i)));
    }
    go();
    const std::string all = outcomes(kRacers);
    EXPECT_EQ(std::count(all.begin(), all.end(), kHolds), kDevices);
    EXPECT_EQ(std::count(all.begin(), all.end(), kRefused), kRacers - kDevices);
    EXPECT_EQ(look_at_leases(state_).leases().size(), std::size_t{kDevices});
    end(children);
    EXPECT_EQ(look_at_leases(state_).leases().size(), 0u);
  }
}

TEST_F(RaceTest, WhoIsKilledAtAnyMomentNeitherKeepsADeviceNorSharesIt) {
  std::mt19937 random(4711);
  int killed = 0, lost_ledgers = 0;
  for (int round = 0; round < 12; ++round) {
    std::vector<pid_t> children;
    for (int i = 0; i < 40; ++i) {
      children.push_back(start("k" + std::to_string(round) + "-" + std::to_string(i)));
    }
    std::shuffle(children.begin(), children.end(), random);
    go();
    // Within the microseconds that the first of them need.
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 400));
      ::kill(children[i], SIGKILL);
      ++killed;
    }
    // The ledger may go too, at any moment: the records say the same.
    lost_ledgers += std::filesystem::remove(state_ + "/leases") ? 1 : 0;
    for (int i = 0; i < 20; ++i) {
      ::waitpid(children[i], nullptr, 0);
    }
    // The living get what there is, and whoever comes then finds the rest.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::vector<pid_t> late;
    for (int i = 0; i < kDevices; ++i) {
      late.push_back(start("l" + std::to_string(round) + "-" + std::to_string(i)));
    }
    go();
    end(std::vector<pid_t>(children.begin() + 20, children.end()));
    end(late);
    EXPECT_EQ(look_at_leases(state_).leases().size(), 0u) << round;
  }
  // Whatever was said until now: no device had two holders, and nobody failed.
  ::close(said_[1]);
  std::string all;
  char buffer[4096];
  for (ssize_t n; (n = ::read(said_[0], buffer, sizeof buffer)) > 0;) {
    all.append(buffer, n);
  }
  EXPECT_EQ(std::count(all.begin(), all.end(), kTwice), 0);
  EXPECT_EQ(std::count(all.begin(), all.end(), kBroken), 0);
  EXPECT_GE(std::count(all.begin(), all.end(), kHolds), kDevices);
  std::printf("killed %d of 480, %d lists of leases lost, %zu outcomes, %d held\n", killed,
              lost_ledgers, all.size(),
              static_cast<int>(std::count(all.begin(), all.end(), kHolds)));
  // All of the devices can be had again.
  ASSERT_EQ(::pipe(said_), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kRacers; ++i) {
    children.push_back(start("last" + std::to_string(i)));
  }
  go();
  const std::string last = outcomes(kRacers);
  EXPECT_EQ(std::count(last.begin(), last.end(), kHolds), kDevices);
  EXPECT_EQ(std::count(last.begin(), last.end(), kRefused), kRacers - kDevices);
  end(children);
}

}  // namespace
}  // namespace xpu
