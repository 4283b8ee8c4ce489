// SPDX-License-Identifier: Apache-2.0
// What the loop of xpud is made of: lock, service manager, worker, clock of healing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "core/base/error.h"
#include "core/daemon/heal_clock.h"
#include "core/daemon/lock.h"
#include "core/daemon/notify.h"
#include "core/daemon/worker.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(StateLock, IsHeldByOneWhoSaysWho) {
  test::TempDir temp;
  const std::string state = temp / "state";
  {
    const Fd held = lock_state(state);
    try {
      lock_state(state);
      FAIL() << "twice";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()),
                cat("an xpud for ", state, " runs already, as process ", ::getpid(),
                    "; stop it, or give this one another [state] directory"));
    }
  }
  EXPECT_TRUE(lock_state(state));
}

TEST(StateLock, OfALongerNumberNothingStays) {
  test::TempDir temp;
  const std::string state = temp / "state";
  lock_state(state);
  temp.write("state/xpud.lock", "123456789012\n", 0600);
  const Fd held = lock_state(state);
  EXPECT_THROW(
      {
        try {
          lock_state(state);
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr(cat("process ", ::getpid(), ";")));
          throw;
        }
      },
      Error);
}

class Manager : public testing::Test {
 protected:
  void listen_at(const std::string& path) {
    socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    if (path[0] == '@') {
      address.sun_path[0] = '\0';
    } else {
      ++size;
    }
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  std::string heard() {
    char buffer[512];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    return got < 0 ? "" : std::string(buffer, static_cast<std::size_t>(got));
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      ::unsetenv(name);
    }
  }

  test::TempDir temp_;
  Fd socket_;
};

TEST_F(Manager, IsTold) {
  for (const std::string& path : {temp_ / "notify", cat("@xpu-test-", ::getpid(), "-notify")}) {
    listen_at(path);
    ServiceManager manager = ServiceManager::from_environment();
    EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr);
    manager.ready();
    EXPECT_EQ(heard(), "READY=1");
    manager.reloading();
    EXPECT_THAT(heard(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
    manager.alive();
    EXPECT_EQ(heard(), "WATCHDOG=1");
    manager.status("well");
    EXPECT_EQ(heard(), "STATUS=well");
    manager.stopping();
    EXPECT_EQ(heard(), "STOPPING=1");
    EXPECT_EQ(manager.watchdog_ms(), std::nullopt);
  }
}

TEST_F(Manager, TheWatchdogIsOfThisProcessAlone) {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog_ms(), 15000);
  EXPECT_EQ(::getenv("WATCHDOG_USEC"), nullptr);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog_ms(), 15000);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog_ms(), std::nullopt);
}

TEST_F(Manager, WithoutOneOrWithNonsenseNothingHappens) {
  for (const char* path : {"", "relative", "/nobody/listens"}) {
    ::setenv("NOTIFY_SOCKET", path, 1);
    ::setenv("WATCHDOG_USEC", "soon", 1);
    ServiceManager manager = ServiceManager::from_environment();
    manager.ready();
    EXPECT_EQ(manager.watchdog_ms(), std::nullopt);
  }
}

TEST(WorkerTest, DoesOneThingAfterAnotherBesideTheLoop) {
  Worker worker;
  for (int i = 0; i < 3; ++i) {
    int done = 0;
    std::thread::id by;
    worker.begin([&] {
      by = std::this_thread::get_id();
      done = 1;
    });
    EXPECT_TRUE(worker.busy());
    pollfd polled = {worker.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&polled, 1, 10'000), 1);
    worker.finish();
    EXPECT_FALSE(worker.busy());
    EXPECT_EQ(done, 1);
    EXPECT_NE(by, std::this_thread::get_id());
    EXPECT_EQ(::poll(&polled, 1, 0), 0);
  }
}

TEST(WorkerTest, IsWaitedForWhenItGoes) {
  bool done = false;
  {
    Worker worker;
    worker.begin([&] {
      ::usleep(50'000);
      done = true;
    });
  }
  EXPECT_TRUE(done);
}

TEST(HealClockTest, IsSlowWhereNothingHappens) {
  test::TempDir temp;
  HealClock clock(temp.path(), 0);
  EXPECT_EQ(clock.due_ms(), 600'000);
  EXPECT_FALSE(clock.is_due(599'999));
  ASSERT_TRUE(clock.is_due(600'000));
  clock.done(600'000);
  EXPECT_EQ(clock.due_ms(), 1'200'000);
}

TEST(HealClockTest, NoticesThatSystemdGeneratesItsUnitsAnew) {
  test::TempDir temp;
  HealClock clock(temp.path(), 0);
  ASSERT_GE(clock.fd(), 0);
  temp.write("unrelated", "");
  clock.notice(1000);
  EXPECT_EQ(clock.due_ms(), 600'000);
  std::filesystem::create_directory(temp / "generator.late");
  pollfd polled = {clock.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&polled, 1, 1000), 1);
  clock.notice(1000);
  for (const std::int64_t due : {1300, 3000, 11'000, 601'000}) {
    EXPECT_EQ(clock.due_ms(), due);
    clock.done(due);
  }
}

TEST(HealClockTest, WithoutSystemdThereIsTheRest) {
  HealClock clock("/nowhere/at/all", 0);
  EXPECT_LT(clock.fd(), 0);
  clock.driver_came(50);
  EXPECT_EQ(clock.due_ms(), 350);
}

}  // namespace
}  // namespace xpu
