// SPDX-License-Identifier: Apache-2.0
#include "core/spec/bundle.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/oci/spec.h"
#include "core/spec/apply.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr char kText[] = R"({ "process": {"env": ["A=1"]}, "mounts": [], "x": 1.0 })";

class BundleTest : public testing::Test {
 protected:
  BundleTest() {
    char name[] = "/tmp/xpu-bundle-XXXXXX";
    dir_ = ::mkdtemp(name);
    put(kText);
  }
  ~BundleTest() override { fs::remove_all(dir_); }

  std::string config() const { return dir_ + "/config.json"; }
  std::string journal() const { return dir_ + "/config.json.xpu-undo"; }
  static void put_at(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  void put(const std::string& text) const { put_at(config(), text); }
  std::string text() const { return read_file(config(), 1 << 24); }
  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(dir_)) {
      out.insert(entry.path().filename());
    }
    return out;
  }
  static std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  std::string error() const {
    try {
      Bundle bundle(dir_, "");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::string dir_;
};

// What a start does: an edit that is derived from the pristine text.
std::vector<json::Splice> edit_for(const Bundle& bundle, const std::string& version) {
  Plan plan;
  plan.env.push_back({"A", version, ""});
  PlannedDevice device;
  device.node = {"/dev/acme0", "/dev/acme0", 'c', 10, 237};
  plan.devices.push_back(device);
  plan.mounts.push_back({"/h/lib.so." + version, "/usr/lib/lib.so", "bind", {"bind", "ro"}, ""});
  Spec spec(bundle.pristine(), bundle.file());
  spec.load();
  return splices(spec, plan);
}

std::string start(const std::string& dir, const std::string& version) {
  Bundle bundle(dir, "");
  return bundle.write(edit_for(bundle, version), false);
}

std::string edit_of(const std::string& pristine, const std::string& version) {
  char name[] = "/tmp/xpu-bundle-XXXXXX";
  const std::string dir = ::mkdtemp(name);
  std::ofstream(dir + "/config.json") << pristine;
  const std::string out = start(dir, version);
  fs::remove_all(dir);
  return out;
}

TEST_F(BundleTest, ReadsWithoutWriting) {
  const Bundle bundle(dir_ + "/", "");
  EXPECT_EQ(bundle.dir(), dir_);
  EXPECT_EQ(bundle.file(), config());
  EXPECT_EQ(bundle.current(), kText);
  EXPECT_EQ(bundle.pristine(), kText);
  EXPECT_FALSE(bundle.edited());
  EXPECT_EQ(names(), std::set<std::string>{"config.json"});
}

TEST_F(BundleTest, WorkingDirectoryAndConfigFile) {
  const fs::path before = fs::current_path();
  fs::current_path(dir_);
  fs::create_directory("sub");
  put_at("sub/other.json", "{}");
  EXPECT_EQ(Bundle("", "").file(), config());
  EXPECT_EQ(Bundle("", "").dir(), dir_);
  const Bundle other("sub", "sub/other.json");
  EXPECT_EQ(other.file(), dir_ + "/sub/other.json");
  EXPECT_EQ(other.dir(), dir_ + "/sub");
  EXPECT_EQ(other.current(), "{}");
  fs::current_path(before);
}

TEST_F(BundleTest, AnEditThatChangesNothingWritesNothing) {
  Bundle bundle(dir_, "");
  EXPECT_EQ(bundle.write({}, true), kText);
  EXPECT_EQ(names(), std::set<std::string>{"config.json"});
}

TEST_F(BundleTest, WritesTheEditAndRemembersTheOriginal) {
  const std::string edited = start(dir_, "1");
  EXPECT_EQ(text(), edited);
  EXPECT_NE(edited, kText);
  const Bundle bundle(dir_, "");
  EXPECT_TRUE(bundle.edited());
  EXPECT_EQ(bundle.current(), edited);
  EXPECT_EQ(bundle.pristine(), kText);
  EXPECT_EQ(names(), (std::set<std::string>{"config.json", "config.json.xpu-undo"}));
}

TEST_F(BundleTest, TwiceIsOnce) {
  const std::string once = start(dir_, "1");
  struct stat before = {}, after = {};
  ASSERT_EQ(::stat(config().c_str(), &before), 0);
  EXPECT_EQ(start(dir_, "1"), once);
  ASSERT_EQ(::stat(config().c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);  // not even written
  EXPECT_EQ(text(), once);
}

TEST_F(BundleTest, ADriverUpgradeInBetweenEqualsEditingThePristineFile) {
  start(dir_, "1");
  EXPECT_EQ(start(dir_, "22"), edit_of(kText, "22"));
  EXPECT_EQ(start(dir_, "3"), edit_of(kText, "3"));
  EXPECT_EQ(text(), edit_of(kText, "3"));
  EXPECT_EQ(Bundle(dir_, "").pristine(), kText);
}

TEST_F(BundleTest, TakingTheEditBackLeavesTheOriginalAlone) {
  start(dir_, "1");
  Bundle bundle(dir_, "");
  EXPECT_EQ(bundle.write({}, true), kText);
  EXPECT_EQ(text(), kText);
  EXPECT_FALSE(bundle.edited());
  EXPECT_EQ(names(), std::set<std::string>{"config.json"});
}

TEST_F(BundleTest, OneBundleObjectCanWriteAgain) {
  Bundle bundle(dir_, "");
  bundle.write(edit_for(bundle, "1"), false);
  EXPECT_TRUE(bundle.edited());
  EXPECT_EQ(bundle.write(edit_for(bundle, "2"), false), edit_of(kText, "2"));
  EXPECT_EQ(Bundle(dir_, "").pristine(), kText);
}

TEST_F(BundleTest, OurEditIsTakenOutOfAFileThatAPersonChangedMeanwhile) {
  start(dir_, "1");
  std::string by_hand = text() + "\n";
  by_hand.replace(by_hand.find("A=1"), 3, "A=2");
  put(by_hand);
  std::string wanted = std::string(kText) + "\n";
  wanted.replace(wanted.find("A=1"), 3, "A=2");
  const Bundle bundle(dir_, "");
  EXPECT_TRUE(bundle.edited());
  EXPECT_EQ(bundle.pristine(), wanted);
  EXPECT_EQ(start(dir_, "2"), edit_of(wanted, "2"));
  EXPECT_EQ(Bundle(dir_, "").pristine(), wanted);
}

TEST_F(BundleTest, AnEditThatAPersonTookApartIsAnError) {
  start(dir_, "1");
  std::string by_hand = text();
  by_hand.insert(by_hand.find("\"type\":\"c\""), " ");
  put(by_hand);
  EXPECT_EQ(error(), config() +
                         " was changed after it had been edited for an earlier start, and "
                         "/h/lib.so.1 of that edit still stands in it; take the rest of the "
                         "edit out by hand, then remove " +
                         journal());
  fs::remove(journal());
  EXPECT_EQ(Bundle(dir_, "").pristine(), by_hand);
}

TEST_F(BundleTest, AFileThatWasMadeAnewIsPristine) {
  start(dir_, "1");
  const std::string anew = "{\"process\": {\"args\": [\"/bin/probe\", \"/dev/acme0\"]}}";
  put(anew);
  const Bundle bundle(dir_, "");
  EXPECT_FALSE(bundle.edited());
  EXPECT_EQ(bundle.pristine(), anew);
}

TEST_F(BundleTest, NoSplicesTakeAnEarlierEditBack) {
  EXPECT_FALSE(has_journal(config()));
  start(dir_, "1");
  EXPECT_TRUE(has_journal(config()));
  Bundle(dir_, "").write({}, false);
  EXPECT_EQ(text(), kText);
  EXPECT_FALSE(has_journal(config()));
}

TEST_F(BundleTest, AChangeBetweenReadAndWriteIsAnError) {
  Bundle bundle(dir_, "");
  const std::vector<json::Splice> edit = edit_for(bundle, "1");
  put("{\"new\":1}");
  try {
    bundle.write(edit, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              config() + " was changed while it was being edited; start the container again");
  }
  EXPECT_EQ(text(), "{\"new\":1}");
}

TEST_F(BundleTest, AJournalThatOthersCanWriteIsIgnored) {
  const std::string edited = start(dir_, "1");
  ASSERT_EQ(::chmod(journal().c_str(), 0620), 0);
  EXPECT_EQ(Bundle(dir_, "").pristine(), edited);
  ASSERT_EQ(::chmod(journal().c_str(), 0600), 0);
  EXPECT_EQ(Bundle(dir_, "").pristine(), kText);
  ASSERT_EQ(::link(journal().c_str(), (dir_ + "/link").c_str()), 0);
  EXPECT_EQ(Bundle(dir_, "").pristine(), edited);
  fs::remove(dir_ + "/link");
  fs::rename(journal(), dir_ + "/elsewhere");
  fs::create_symlink("elsewhere", journal());
  EXPECT_EQ(Bundle(dir_, "").pristine(), edited);
  if (::geteuid() == 0) {
    fs::remove(journal());
    fs::rename(dir_ + "/elsewhere", journal());
    ASSERT_EQ(::chown(journal().c_str(), 12345, 0), 0);
    EXPECT_EQ(Bundle(dir_, "").pristine(), edited);
  }
}

TEST_F(BundleTest, ADamagedJournalIsIgnored) {
  const std::string edited = start(dir_, "1");
  const std::string good = read_file(journal(), 1 << 20);
  for (const std::string& bad :
       {std::string(), std::string("{}"), good.substr(0, good.size() / 2), std::string("[]"),
        with(good, "\"version\":1", "\"version\":2"), with(good, "\"length\":", "\"length\":-1"),
        with(good, "\"undo\":[", "\"undo\":[{},"), with(good, "\"offset\":", "\"offset\":9999")}) {
    put_at(journal(), bad);
    EXPECT_EQ(Bundle(dir_, "").pristine(), edited) << bad;
  }
  put_at(journal(), good);
  EXPECT_EQ(Bundle(dir_, "").pristine(), kText);
}

TEST_F(BundleTest, AForgedJournalTakesOutWhatItNamesOrNothing) {
  start(dir_, "1");
  const std::string good = read_file(journal(), 1 << 20);
  for (const std::string& forged : {with(good, "\"before\":\"", "\"before\":\"0"),
                                    with(good, "\"after\":\"", "\"after\":\"0")}) {
    put_at(journal(), forged);
    EXPECT_EQ(Bundle(dir_, "").pristine(), kText) << forged;
  }
  put_at(journal(), with(good, "\"text\":\"", "\"text\":\"x"));
  EXPECT_THAT(error(), HasSubstr("was changed after it had been edited"));
}

TEST_F(BundleTest, AFileThatIsNoFileOfItsOwnIsRefused) {
  fs::remove(config());
  EXPECT_EQ(error(), "cannot read " + config() + ": No such file or directory");
  put_at(dir_ + "/real.json", kText);
  fs::create_symlink("real.json", config());
  EXPECT_EQ(error(), config() + " is a symbolic link; put the file itself into the bundle");
  fs::remove(config());
  ASSERT_EQ(::link((dir_ + "/real.json").c_str(), config().c_str()), 0);
  EXPECT_EQ(error(), config() + " has 2 names (hard links); make it a copy of its own");
  fs::remove(config());
  ASSERT_EQ(::mkfifo(config().c_str(), 0600), 0);
  EXPECT_EQ(error(), config() + " is not a regular file");
  fs::remove(config());
  fs::create_directory(config());
  EXPECT_EQ(error(), config() + " is not a regular file");
  fs::remove(config());
  put_at(config(), std::string((std::size_t{16} << 20) + 1, ' '));
  EXPECT_THAT(error(), HasSubstr(config()));
  fs::remove_all(dir_);
  EXPECT_EQ(error(), "cannot open the bundle " + dir_ + ": No such file or directory");
}

TEST_F(BundleTest, AnotherUsersFileStaysTheirs) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to give a file away";
  }
  const std::string pristine = Bundle(dir_, "").current();
  ASSERT_EQ(::chown(config().c_str(), 12345, 12345), 0);
  start(dir_, "1");
  struct stat after = {};
  ASSERT_EQ(::stat(config().c_str(), &after), 0);
  EXPECT_EQ(after.st_uid, 12345u);
  EXPECT_EQ(after.st_gid, 12345u);
  EXPECT_EQ(Bundle(dir_, "").pristine(), pristine);
}

TEST_F(BundleTest, AFileOfRootInAUsersFolderBecomesTheUsers) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to become a user";
  }
  const std::string pristine = Bundle(dir_, "").current();
  ASSERT_EQ(::chown(dir_.c_str(), 12345, 12345), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const bool user = ::setgid(12345) == 0 && ::setuid(12345) == 0;
      start(dir_, "1");
      ::_exit(user && Bundle(dir_, "").pristine() == pristine ? 0 : 2);
    } catch (const Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  struct stat after = {};
  ASSERT_EQ(::stat(config().c_str(), &after), 0);
  EXPECT_EQ(after.st_uid, 12345u);
}

TEST_F(BundleTest, ModeOwnerAndAttributesStay) {
  ASSERT_EQ(::chmod(config().c_str(), 0640), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(config().c_str(), 0, 4321), 0);
  }
  const bool attributes = ::setxattr(config().c_str(), "user.note", "kept", 4, 0) == 0;
  struct stat before = {}, after = {};
  ASSERT_EQ(::stat(config().c_str(), &before), 0);
  start(dir_, "1");
  ASSERT_EQ(::stat(config().c_str(), &after), 0);
  EXPECT_NE(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_mode, after.st_mode);
  EXPECT_EQ(before.st_uid, after.st_uid);
  EXPECT_EQ(before.st_gid, after.st_gid);
  if (attributes) {
    char value[8] = {};
    EXPECT_EQ(::getxattr(config().c_str(), "user.note", value, sizeof value), 4);
    EXPECT_STREQ(value, "kept");
  }
  ASSERT_EQ(::stat(journal().c_str(), &after), 0);
  EXPECT_EQ(after.st_mode & 07777, 0600u);
  EXPECT_EQ(after.st_gid, before.st_gid);
}

TEST_F(BundleTest, AnUnwritableJournalChangesNothing) {
  fs::create_directory(journal());
  put_at(journal() + "/x", "");
  try {
    start(dir_, "1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(journal()));
  }
  EXPECT_EQ(text(), kText);
  EXPECT_EQ(names(), (std::set<std::string>{"config.json", "config.json.xpu-undo"}));
}

TEST_F(BundleTest, ALeftoverOfAKilledWriterIsRemoved) {
  put_at(dir_ + "/.config.json.xpu-0123456789abcdef", "half");
  put_at(dir_ + "/.config.json.xpu-undo.xpu-0123456789abcdef", "half");
  put_at(dir_ + "/.config.json.mine", "not ours");
  start(dir_, "1");
  EXPECT_EQ(names(),
            (std::set<std::string>{".config.json.mine", "config.json", "config.json.xpu-undo"}));
}

TEST_F(BundleTest, AFullDiskLeavesTheOldFile) {
  if (::geteuid() != 0 || ::mount("none", dir_.c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "cannot mount a tmpfs here";
  }
  // Once there is no room for the journal, once none for the file after it.
  for (const int free_pages : {0, 1, 3, 6}) {
    const std::string big = "{\"pad\":\"" + std::string(4096 * 4, 'x') + "\"}";
    put(big);
    { std::ofstream fill(dir_ + "/fill", std::ios::trunc); }
    std::string pages;
    std::ofstream(dir_ + "/fill", std::ios::app) << std::string(4096 * (11 - free_pages), 'f');
    Bundle bundle(dir_, "");
    const std::vector<json::Splice> edit = edit_for(bundle, std::string(9000, '1'));
    EXPECT_THROW(bundle.write(edit, false), Error) << free_pages;
    EXPECT_EQ(text(), big) << free_pages;
    EXPECT_EQ(names(), (std::set<std::string>{"config.json", "fill"})) << free_pages;
  }
  ::umount2(dir_.c_str(), MNT_DETACH);
}

TEST_F(BundleTest, EightWritersOfOneBundle) {
  std::set<std::string> valid = {kText};
  for (int i = 0; i < 8; ++i) {
    valid.insert(edit_of(kText, std::to_string(i)));
  }
  std::vector<pid_t> writers;
  for (int i = 0; i < 8; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      int code = 0;
      for (int round = 0; round < 20; ++round) {
        try {
          start(dir_, std::to_string(i));
        } catch (const Error& error) {
          std::fprintf(stderr, "writer %d: %s\n", i, error.what());
          code = 1;
        }
      }
      ::_exit(code);
    }
    writers.push_back(pid);
  }
  for (int i = 0; i < 200; ++i) {
    const std::string seen = text();
    EXPECT_TRUE(valid.contains(seen)) << seen;
  }
  for (const pid_t pid : writers) {
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  EXPECT_TRUE(valid.contains(text()));
  EXPECT_EQ(Bundle(dir_, "").pristine(), kText);
  EXPECT_EQ(names(), (std::set<std::string>{"config.json", "config.json.xpu-undo"}));
}

TEST_F(BundleTest, AKilledWriterHoldsNoLock) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int fd = ::open(dir_.c_str(), O_RDONLY | O_DIRECTORY);
    ::flock(fd, LOCK_EX);
    ::raise(SIGKILL);
  }
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  const std::string edited = start(dir_, "1");
  EXPECT_EQ(text(), edited);
}

// Runs start(dir, version) in a child that is killed at the k-th stop at a system call (every call
// has two, entry and exit). False when the child ended by itself before; then -1 as `*status` means
// that it could not be traced.
bool killed_at(int k, const std::string& dir, const std::string& version, int* status) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
      ::_exit(99);
    }
    ::raise(SIGSTOP);
    start(dir, version);
    ::_exit(0);
  }
  ::waitpid(pid, status, 0);
  for (int stop = 0; WIFSTOPPED(*status); ++stop) {
    if (stop == k) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, status, 0);
      return true;
    }
    ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
    ::waitpid(pid, status, 0);
  }
  return false;
}

TEST_F(BundleTest, KilledAtEverySystemCallTheFileIsOldOrNew) {
  const std::string first = edit_of(kText, "1"), second = edit_of(kText, "2");
  const std::string third = edit_of(kText, "3");
  for (const bool edited_before : {false, true}) {
    const std::string old = edited_before ? first : kText;
    std::set<std::string> seen;
    int k = 1;
    for (int status = 0;; ++k) {
      fs::remove_all(dir_);
      fs::create_directory(dir_);
      put(kText);
      if (edited_before) {
        start(dir_, "1");
      }
      if (!killed_at(k, dir_, "2", &status)) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == 99) {
          GTEST_SKIP() << "processes cannot be traced here";
        }
        ASSERT_EQ(status, 0);
        break;
      }
      seen.insert(text());
      ASSERT_TRUE(text() == old || text() == second) << k;
      ASSERT_EQ(Bundle(dir_, "").pristine(), kText) << k;
      ASSERT_EQ(start(dir_, "3"), third) << k;
      ASSERT_EQ(names(), (std::set<std::string>{"config.json", "config.json.xpu-undo"})) << k;
    }
    EXPECT_GT(k, 40);
    EXPECT_EQ(seen, (std::set<std::string>{old, second}));
  }
}

}  // namespace
}  // namespace xpu
