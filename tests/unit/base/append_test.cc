// SPDX-License-Identifier: Apache-2.0
#include "core/base/append.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <sstream>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using test::slurp;
using test::TempDir;
using ::testing::HasSubstr;
using ::testing::StartsWith;

mode_t mode_of(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
}

TEST(AppendLine, MakesFoldersAndFile) {
  const TempDir dir;
  EXPECT_TRUE(append_line(dir / "xpu/usage", "a", "one"));
  EXPECT_FALSE(append_line(dir / "xpu/usage", "a", "two"));
  EXPECT_EQ(slurp(dir / "xpu/usage/a"), "one\ntwo\n");
  EXPECT_EQ(mode_of(dir / "xpu"), 0750u);
  EXPECT_EQ(mode_of(dir / "xpu/usage"), 0750u);
  EXPECT_EQ(mode_of(dir / "xpu/usage/a"), 0640u);
}

TEST(AppendLine, EndsALineThatWasTorn) {
  const TempDir dir;
  const std::string file = dir.write("s/a", "whole\n{\"tor", 0600);
  append_line(dir / "s", "a", "next");
  EXPECT_EQ(slurp(file), "whole\n{\"tor\nnext\n");
}

TEST(AppendLine, RefusesWhatIsNotItsOwnFile) {
  const TempDir dir;
  const std::string folder = dir / "s";
  const auto refusal = [&](const std::string& name) {
    return error_of([&] { append_line(folder, name, "x"); });
  };
  const std::string target = dir.write("s/target", "old", 0644);
  std::filesystem::create_symlink(target, dir / "s/link");
  EXPECT_EQ(refusal("link"),
            "cannot append to " + folder + "/link: it is a symbolic link; remove it");
  ASSERT_EQ(::mkfifo((dir / "s/fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal("fifo"), "cannot append to " + folder + "/fifo: it is not a regular file");
  std::filesystem::create_hard_link(target, dir / "s/twin");
  EXPECT_EQ(refusal("twin"), "cannot append to " + folder +
                                 "/twin: it has another name too (a hard link); move it away");
  dir.write("s/open", "", 0666);
  EXPECT_EQ(refusal("open"), "cannot append to " + folder +
                                 "/open: others can write it; run: chmod go-w " + folder + "/open");
  std::filesystem::create_directory(dir / "s/folder");
  EXPECT_EQ(refusal("folder"), "cannot append to " + folder + "/folder: Is a directory");
  EXPECT_EQ(slurp(target), "old");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(dir.write("s/theirs", "").c_str(), 1234, 1234), 0);
    EXPECT_EQ(refusal("theirs"),
              "cannot append to " + folder +
                  "/theirs: it belongs to user 1234, not to user 0; move it away");
  }
}

TEST(AppendLine, ChecksTheFolderUnlessItIsShared) {
  const TempDir dir;
  ASSERT_TRUE(std::filesystem::create_directory(dir / "log"));
  ::chmod((dir / "log").c_str(), 0775);
  EXPECT_EQ(error_of([&] { append_line(dir / "log", "a", "x"); }),
            "the state folder " + (dir / "log") + " can be written by others; run: chmod go-w " +
                (dir / "log"));
  AppendOptions options;
  options.shared_folder = true;
  EXPECT_TRUE(append_line(dir / "log", "a", "x", options));
  EXPECT_TRUE(append_line(dir / "log/below", "a", "x", options));
  EXPECT_EQ(mode_of(dir / "log/below"), 0750u);
  EXPECT_EQ(error_of([&] { append_line(dir / "one/two", "a", "x", options); }),
            "cannot create the folder " + (dir / "one/two") + ": No such file or directory");
  EXPECT_EQ(error_of([&] { append_line("log", "a", "x", options); }),
            "the folder 'log' must be an absolute path");
  EXPECT_EQ(error_of([&] { append_line(dir / "log/a", "a", "x", options); }),
            "cannot open the folder " + (dir / "log/a") + ": Not a directory");
}

TEST(AppendLine, BeginsANewFileAtTheLimit) {
  const TempDir dir;
  AppendOptions options;
  options.limit = 10;
  const auto append = [&](const char* line) { return append_line(dir / "s", "a", line, options); };
  EXPECT_TRUE(append("1234"));
  EXPECT_FALSE(append("6789"));
  EXPECT_EQ(slurp(dir / "s/a"), "1234\n6789\n");
  EXPECT_TRUE(append("b"));
  EXPECT_EQ(slurp(dir / "s/a"), "b\n");
  EXPECT_EQ(slurp(dir / "s/a.1"), "1234\n6789\n");
  // One line that is longer by itself is written all the same.
  EXPECT_TRUE(append("longer than ten"));
  EXPECT_EQ(slurp(dir / "s/a"), "longer than ten\n");
  EXPECT_EQ(slurp(dir / "s/a.1"), "b\n");
  std::filesystem::remove(dir / "s/a.1");
  std::filesystem::create_directory(dir / "s/a.1");
  EXPECT_EQ(error_of([&] { append("c"); }),
            "cannot rename " + (dir / "s/a") + " to a.1: Is a directory");
}

TEST(AppendLine, DoesNotWaitForALockThatIsNeverGiven) {
  const TempDir dir;
  const std::string file = dir.write("s/a", "", 0640);
  const Fd other(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  const auto start = std::chrono::steady_clock::now();
  append_line(dir / "s", "a", "x");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(slurp(file), "x\n");
}

TEST(AppendLine, KeepsLinesOfManyProcessesWhole) {
  constexpr int kProcesses = 16, kLines = 200;
  const TempDir dir;
  AppendOptions options;
  options.limit = 600'000;  // one new file on the way
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) {
      int code = 0;
      for (int n = 0; n < kLines; ++n) {
        const std::string line = cat(i, ' ', n, ' ', std::string(300, static_cast<char>('a' + i)));
        code |= error_of([&] { append_line(dir / "s", "a", line, options); }).empty() ? 0 : 1;
      }
      ::_exit(code);
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  std::istringstream all(slurp(dir / "s/a.1") + slurp(dir / "s/a"));
  std::map<int, int> next;
  int lines = 0;
  for (std::string line; std::getline(all, line); ++lines) {
    std::istringstream words(line);
    int process = -1, number = -1;
    std::string rest;
    words >> process >> number >> rest;
    EXPECT_EQ(number, next[process]++) << line;
    EXPECT_EQ(rest, std::string(300, static_cast<char>('a' + process)));
  }
  EXPECT_EQ(lines, kProcesses * kLines);
}

// A file system of its own with little room, in a mount namespace of this process alone.
class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=8k,mode=0700") != 0) {
      GTEST_SKIP() << "mounting a small file system needs root";
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) {
      ::umount2(dir_.path().c_str(), MNT_DETACH);
    }
  }

  TempDir dir_;
  bool mounted_ = false;
};

TEST_F(FullDisk, SaysSoAndSpoilsNoLaterLine) {
  const std::string filling(4000, 'x');
  append_line(dir_ / "s", "a", filling);
  const std::string text = error_of([&] { append_line(dir_ / "s", "a", std::string(6000, 'y')); });
  EXPECT_EQ(text, "cannot write " + (dir_ / "s/a") + ": No space left on device");
  EXPECT_THAT(slurp(dir_ / "s/a"), StartsWith(filling + "\ny"));  // torn
  ASSERT_EQ(::mount(nullptr, dir_.path().c_str(), nullptr, MS_REMOUNT, "size=64k"), 0);
  append_line(dir_ / "s", "a", "next");
  EXPECT_THAT(slurp(dir_ / "s/a"), HasSubstr("y\nnext\n"));
}

}  // namespace
}  // namespace xpu
