// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Refresh : public World {
 protected:
  // How often the backend was asked.
  std::size_t runs() const { return read("count").size(); }
};

TEST_F(Refresh, AsksOnceWhileNothingChanges) {
  install("ok");
  const BackendStatus first = load_one("ok");
  EXPECT_EQ(first.state, BackendState::kReady) << first.reason;
  EXPECT_FALSE(first.from_cache);
  const BackendStatus second = load_one("ok");
  EXPECT_EQ(second.state, BackendState::kReady);
  EXPECT_TRUE(second.from_cache);
  EXPECT_EQ(runs(), 1U);
  EXPECT_EQ(to_json(second.catalog), to_json(first.catalog));

  struct stat st;
  ASSERT_EQ(stat(path("state/catalog").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0700U);
  ASSERT_EQ(stat(path("state/catalog/ok.json").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600U);
}

TEST_F(Refresh, AsksAgainWhenAConditionNoLongerHolds) {
  install("ok");
  load_one("ok");
  write("watch", "2");
  EXPECT_FALSE(load_one("ok").from_cache);
  EXPECT_EQ(runs(), 2U);
  EXPECT_TRUE(load_one("ok").from_cache);
}

TEST_F(Refresh, AsksAgainWhenLibraryManifestOrOptionsChange) {
  install("ok");
  load_one("ok");
  fs::remove(library("ok"));
  fs::remove(manifest("ok"));
  install("ok");
  EXPECT_FALSE(load_one("ok").from_cache);
  write_manifest("ok", "summary = \"other\"\n");
  EXPECT_FALSE(load_one("ok").from_cache);
  config_.backends["ok"].options["file"] = "/elsewhere";
  EXPECT_FALSE(load_one("ok").from_cache);
  EXPECT_TRUE(load_one("ok").from_cache);
  // Its mode is part of what makes it trusted.
  ASSERT_EQ(chmod(library("ok").c_str(), 0777), 0);
  EXPECT_EQ(load_one("ok").state, BackendState::kRefused);
}

TEST_F(Refresh, AsksAgainWhenTold) {
  install("ok");
  load_one("ok");
  EXPECT_FALSE(load_one("ok", Freshness::kRefresh).from_cache);
  EXPECT_EQ(runs(), 2U);
}

TEST_F(Refresh, DoesNotBelieveABrokenCache) {
  install("ok");
  const std::string good = to_json(load_one("ok").catalog);
  const std::string text = read("state/catalog/ok.json");
  std::size_t asked = 1;
  for (const std::string& broken : {std::string(), text.substr(0, text.size() / 2), "{" + text,
                                    text + "x", text.substr(0, text.size() - 4) + "7}}\n"}) {
    write("state/catalog/ok.json", broken);
    const BackendStatus status = load_one("ok");
    EXPECT_FALSE(status.from_cache) << broken;
    EXPECT_EQ(to_json(status.catalog), good);
    EXPECT_EQ(runs(), ++asked);
  }
  // A link in its place is not followed.
  fs::rename(path("state/catalog/ok.json"), path("elsewhere"));
  fs::create_symlink(path("elsewhere"), path("state/catalog/ok.json"));
  EXPECT_FALSE(load_one("ok").from_cache);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(path("state/catalog/ok.json"))));
}

TEST_F(Refresh, KeepsAbsenceUntilItsConditionsChange) {
  install("absent");
  EXPECT_EQ(load_one("absent").reason, "backend absent: no anvil here");
  const BackendStatus second = load_one("absent");
  EXPECT_EQ(second.state, BackendState::kAbsent);
  EXPECT_EQ(second.reason, "backend absent: no anvil here");
  EXPECT_TRUE(second.from_cache);
  ASSERT_EQ(second.catalog.conditions.size(), 1U);
  write("watch", "2");
  EXPECT_FALSE(load_one("absent").from_cache);
  EXPECT_EQ(runs(), 2U);
}

TEST_F(Refresh, KeepsFailuresForHalfAMinute) {
  for (const char* mode : {"failed", "too-new"}) {
    install(mode);
    const BackendStatus first = load_one(mode);
    const BackendStatus second = load_one(mode);
    EXPECT_TRUE(second.from_cache);
    EXPECT_EQ(second.state, first.state);
    EXPECT_EQ(second.reason, first.reason);
    ASSERT_EQ(second.catalog.conditions.size(), 1U);
    EXPECT_EQ(second.catalog.conditions[0].kind, ConditionKind::kSeconds);
  }
}

TEST_F(Refresh, LeavesAloneWhatHung) {
  config_.backend_timeout_s = 1;
  install("hang");
  const std::string start =
      "backend hang: did not answer within 1 s (in describe()) and was killed [XPU_BACKEND_14]";
  const std::string hint = " s (xpu-runtime detect --refresh asks it at once)";
  EXPECT_EQ(load_one("hang").reason, start + "; it is left alone for 30" + hint);
  EXPECT_EQ(runs(), 1U);
  const BackendStatus again = load_one("hang");
  EXPECT_TRUE(again.from_cache);
  EXPECT_EQ(again.state, BackendState::kFailed);
  EXPECT_EQ(again.reason, start + "; it is left alone for 30" + hint);
  EXPECT_EQ(runs(), 1U);
  // Only a person's wish breaks the quarantine, which then doubles.
  EXPECT_EQ(load_one("hang", Freshness::kRefresh).reason,
            start + "; it is left alone for 60" + hint);
  EXPECT_EQ(runs(), 2U);
  // At most an hour.
  const std::string hangs = read("state/catalog/hang.hangs");
  write("state/catalog/hang.hangs", hangs.substr(0, hangs.find(' ')) + " 40\n");
  EXPECT_EQ(load_one("hang", Freshness::kRefresh).reason,
            start + "; it is left alone for 3600" + hint);
  // Another library starts from nothing.
  fs::last_write_time(library("hang"), fs::file_time_type::clock::now());
  EXPECT_EQ(load_one("hang").reason, start + "; it is left alone for 30" + hint);
}

TEST_F(Refresh, DoesNotStartWhatHasNothingToDescribe) {
  install("ok", "[detect]\nany = [\"${file}/a\", \"/nowhere/acme\"]\n");
  const BackendStatus status = load_one("ok");
  EXPECT_EQ(status.state, BackendState::kAbsent);
  EXPECT_EQ(status.reason, cat("backend ok: none of its detection paths exists (", path("file"),
                               "/a, /nowhere/acme)"));
  EXPECT_EQ(runs(), 0U);
  fs::create_directories(path("file/a"));
  EXPECT_EQ(load_one("ok").state, BackendState::kReady);
}

TEST_F(Refresh, NamesThreeDetectionPathsAtMost) {
  install("ok",
          "[detect]\nany = [\"/nowhere/1\", \"/nowhere/2\", \"/nowhere/3\", \"/nowhere/4\"]\n");
  EXPECT_EQ(
      load_one("ok").reason,
      "backend ok: none of its detection paths exists (/nowhere/1, /nowhere/2, /nowhere/3, ...)");
}

TEST_F(Refresh, NamesThreeDetectionPathsInFull) {
  install("ok", "[detect]\nany = [\"/nowhere/1\", \"/nowhere/2\", \"/nowhere/3\"]\n");
  EXPECT_EQ(load_one("ok").reason,
            "backend ok: none of its detection paths exists (/nowhere/1, /nowhere/2, /nowhere/3)");
}

TEST_F(Refresh, DoesNotStartWhatIsDisabledOrRefused) {
  install("ok");
  config_.backends["ok"].enabled = BackendConfig::Enabled::kNo;
  BackendStatus status = load_one("ok");
  EXPECT_EQ(status.state, BackendState::kDisabled);
  EXPECT_EQ(status.reason, "disabled by [backends.ok] of " + config_.file);
  config_.backends["ok"] = {};
  write_manifest("ok", "colour = \"red\"\n");
  status = load_one("ok");
  EXPECT_EQ(status.state, BackendState::kRefused);
  EXPECT_THAT(status.reason, HasSubstr("unknown key \"colour\""));
  EXPECT_EQ(runs(), 0U);
  EXPECT_FALSE(fs::exists(path("state/catalog/ok.json")));
}

TEST_F(Refresh, LooksAtTheNamedOnly) {
  install("ok");
  install("crash");
  const auto statuses =
      load_backends(config_, find_backends(config_), {"ok"}, Freshness::kCacheIfValid);
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].found.manifest.name, "ok");
}

// Each describes the host only once the other has begun to.
TEST_F(Refresh, BackendsRunSideBySide) {
  install("meets-1");
  install("meets-2");
  fs::create_directories(path("file"));
  const auto statuses = load();
  ASSERT_EQ(statuses.size(), 2U);
  for (const BackendStatus& status : statuses) {
    EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
  }
}

TEST_F(Refresh, WorksWithoutACache) {
  install("ok");
  for (const std::string& place :
       {path("watch"), std::string("/proc/acme"), std::string("/nowhere/a/b")}) {
    config_.state_dir = place;
    EXPECT_EQ(load_one("ok").state, BackendState::kReady);
    EXPECT_FALSE(load_one("ok").from_cache);
  }
  EXPECT_EQ(runs(), 6U);
}

TEST_F(Refresh, DoesNotUseAFolderThatOthersCanWrite) {
  install("ok");
  load_one("ok");
  fs::permissions(path("state/catalog"), fs::perms(0777));
  EXPECT_FALSE(load_one("ok").from_cache);
  EXPECT_EQ(load_one("ok").state, BackendState::kReady);
}

TEST_F(Refresh, ManyAtOnceAskOnce) {
  install("ok");
  std::vector<pid_t> children;
  for (int i = 0; i < 64; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(load_one("ok").state == BackendState::kReady ? 0 : 1);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(runs(), 1U);
}

// A lock dies with its holder, and one that is held too long only costs the wait.
TEST_F(Refresh, ALockIsWaitedForNoLongerThanAHostMayTake) {
  install("ok");
  config_.backend_timeout_s = 1;
  fs::create_directories(path("state/catalog"));
  fs::permissions(path("state"), fs::perms(0700));
  fs::permissions(path("state/catalog"), fs::perms(0700));
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const int fd = open(path("state/catalog/ok.lock").c_str(), O_RDWR | O_CREAT, 0600);
    _exit(flock(fd, LOCK_EX) == 0 && ::write(ready[1], "x", 1) == 1 ? pause() : 1);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(load_one("ok").state, BackendState::kReady);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(Refresh, TheHostSeesNothingOfTheCaller) {
  install("surroundings");
  setenv("LD_LIBRARY_PATH", "/tmp/evil", 1);
  setenv("XPU_SECRET", "1", 1);
  const int leaked = open("/etc/hostname", O_RDONLY);
  sigset_t usr1, before;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, &before);
  signal(SIGUSR2, SIG_IGN);
  const BackendStatus status = load_one("surroundings");
  signal(SIGUSR2, SIG_DFL);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(leaked);
  unsetenv("LD_LIBRARY_PATH");
  unsetenv("XPU_SECRET");
  EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
}

// Some supervisors leave SIGCHLD ignored, which is not ours to change.
TEST_F(Refresh, LearnsHowTheHostEndedWhereSigchldIsIgnored) {
  config_.backend_timeout_s = 1;
  install("ok");
  install("hang");
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  ignored.sa_flags = SA_NOCLDWAIT | SA_NOCLDSTOP;
  sigaction(SIGCHLD, &ignored, nullptr);
  const auto statuses = load();
  struct sigaction after {};
  sigaction(SIGCHLD, nullptr, &after);
  signal(SIGCHLD, SIG_DFL);
  ASSERT_EQ(statuses.size(), 2U);
  EXPECT_EQ(statuses[0].reason,
            "backend hang: did not answer within 1 s (in describe()) and was killed "
            "[XPU_BACKEND_14]; it is left "
            "alone for 30 s (xpu-runtime detect --refresh asks it at once)");
  EXPECT_EQ(statuses[1].state, BackendState::kReady) << statuses[1].reason;
  EXPECT_EQ(after.sa_handler, SIG_IGN);
  EXPECT_EQ(after.sa_flags & (SA_NOCLDWAIT | SA_NOCLDSTOP), SA_NOCLDWAIT | SA_NOCLDSTOP);
}

TEST_F(Refresh, StatesHaveNames) {
  EXPECT_STREQ(to_string(BackendState::kReady), "ready");
  EXPECT_STREQ(to_string(BackendState::kAbsent), "absent");
  EXPECT_STREQ(to_string(BackendState::kRefused), "refused");
  EXPECT_STREQ(to_string(BackendState::kFailed), "failed");
  EXPECT_STREQ(to_string(BackendState::kDisabled), "disabled");
}

}  // namespace
}  // namespace xpu
