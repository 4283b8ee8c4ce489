// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using test::in_child;
using test::slurp;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Fd open_dir(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::vector<std::string> names(const TempDir& dir) {
  return list_dir(open_dir(dir.path()).get(), dir.path());
}

mode_t mode_of(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
}

TEST(ReadFile, ReturnsTheBytes) {
  const TempDir dir;
  std::string bytes(100'000, 'x');
  bytes[5] = '\0';
  EXPECT_EQ(read_file(dir.write("a", bytes), bytes.size()), bytes);
  EXPECT_EQ(read_file(dir.write("empty", ""), 10), "");
}

TEST(ReadFile, ReadsProcfsWhoseSizeIsZero) {
  EXPECT_THAT(read_file("/proc/self/status", 1 << 20), HasSubstr("Name:"));
}

TEST(ReadFile, RefusesMoreThanTheLimit) {
  const TempDir dir;
  const std::string file = dir.write("a", "12345");
  EXPECT_EQ(read_file(file, 5), "12345");
  EXPECT_EQ(error_of([&] { read_file(file, 4); }),
            "cannot read " + file + ": it is larger than 4 bytes");
  EXPECT_EQ(error_of([] { read_file("/proc/self/status", 10); }),
            "cannot read /proc/self/status: it is larger than 10 bytes");
}

TEST(ReadFile, NamesWhatIsNotThere) {
  EXPECT_EQ(error_of([] { read_file("/nowhere/x", 10); }),
            "cannot read /nowhere/x: No such file or directory");
  EXPECT_EQ(read_file_if_present("/nowhere/x", 10), std::nullopt);
  const TempDir dir;
  EXPECT_EQ(read_file_if_present(dir.write("a", "") + "/below", 10), std::nullopt);
}

TEST(ReadFile, RefusesWhatIsNoRegularFile) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  for (const std::string& path : {dir / "fifo", dir.path(), std::string("/dev/null")}) {
    EXPECT_EQ(error_of([&] { read_file_if_present(path, 10); }),
              "cannot read " + path + ": it is not a regular file");
  }
}

TEST(WriteFileAtomic, CreatesAndReplaces) {
  const TempDir dir;
  const Fd fd = open_dir(dir.path());
  write_file_atomic(fd.get(), dir.path(), "a", "long contents", {.mode = 0640, .sync = true});
  EXPECT_EQ(slurp(dir / "a"), "long contents");
  EXPECT_EQ(mode_of(dir / "a"), 0640u);
  write_file_atomic(fd.get(), dir.path(), "a", "short", {.mode = 0600});
  EXPECT_EQ(slurp(dir / "a"), "short");
  EXPECT_EQ(mode_of(dir / "a"), 0600u);
  EXPECT_THAT(names(dir), ElementsAre("a"));
}

TEST(WriteFileAtomic, ReplacesASymlinkInsteadOfFollowingIt) {
  const TempDir dir;
  const std::string canary = dir.write("canary", "old");
  std::filesystem::create_symlink(canary, dir / "a");
  write_file_atomic(open_dir(dir.path()).get(), dir.path(), "a", "new", {});
  EXPECT_EQ(slurp(canary), "old");
  EXPECT_FALSE(std::filesystem::is_symlink(dir / "a"));
  EXPECT_EQ(slurp(dir / "a"), "new");
}

TEST(WriteFileAtomic, SetsTheOwner) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const TempDir dir;
  write_file_atomic(open_dir(dir.path()).get(), dir.path(), "a", "x", {.uid = 1234, .gid = 1235});
  struct stat st {};
  ASSERT_EQ(::stat((dir / "a").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 1234u);
  EXPECT_EQ(st.st_gid, 1235u);
}

TEST(WriteFileAtomic, LeavesTheOldFileOnFailure) {
  const TempDir dir;
  dir.write("a", "old");
  const std::string message = in_child([&]() -> std::string {
    // Files of this process end after 1,000 bytes: a full disk.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    write_file_atomic(open_dir(dir.path()).get(), dir.path(), "a", std::string(5000, 'x'), {});
    return "written";
  });
  EXPECT_EQ(message, "cannot write " + (dir / "a") + ": File too large");
  EXPECT_EQ(slurp(dir / "a"), "old");
  EXPECT_THAT(names(dir), ElementsAre("a"));
}

TEST(WriteFileAtomic, NamesWhatCannotBeReplaced) {
  const TempDir dir;
  std::filesystem::create_directories(dir / "a/b");
  EXPECT_EQ(
      error_of([&] { write_file_atomic(open_dir(dir.path()).get(), dir.path(), "a", "x", {}); }),
      "cannot replace " + (dir / "a") + ": Is a directory");
  EXPECT_THAT(names(dir), ElementsAre("a"));
  EXPECT_EQ(error_of([&] { write_file_atomic(-1, "/nowhere", "a", "x", {}); }),
            "cannot create a temporary file in /nowhere: Bad file descriptor");
}

TEST(WriteFileAtomic, NamesAnOwnerThatCannotBeGiven) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0777);
  EXPECT_EQ(in_child([&]() -> std::string {
              test::become_user(12345);
              write_file_atomic(open_dir(dir.path()).get(), dir.path(), "a", "x",
                                {.uid = 0, .gid = 0});
              return "written";
            }),
            "cannot give " + (dir / "a") + " to user 0, group 0: Operation not permitted");
  EXPECT_THAT(names(dir), IsEmpty());
}

TEST(RemoveStaleTemporaries, RemovesOnlyThoseOfADeadWriter) {
  const TempDir dir;
  dir.write(".a.xpu-0123456789abcdef", "stale");
  const std::string live = dir.write(".a.xpu-00000000000000ff", "being written");
  dir.write(".b.xpu-0123456789abcdef", "of another file");
  dir.write(".a.xpu-0123", "not ours");
  dir.write(".a.xpu-0123456789abcdeX", "not ours");
  dir.write("a", "");
  Fd writer(::open(live.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
  const Fd fd = open_dir(dir.path());
  remove_stale_temporaries(fd.get(), "a");
  EXPECT_THAT(names(dir), ElementsAre(".a.xpu-00000000000000ff", ".a.xpu-0123",
                                      ".a.xpu-0123456789abcdeX", ".b.xpu-0123456789abcdef", "a"));
  writer.reset();
  remove_stale_temporaries(fd.get(), "a");
  EXPECT_FALSE(std::filesystem::exists(live));
}

TEST(RemoveStaleTemporaries, TakesSeveralNames) {
  const TempDir dir;
  dir.write(".a.xpu-0123456789abcdef", "stale");
  dir.write(".b.xpu-0123456789abcdef", "stale too");
  dir.write(".c.xpu-0123456789abcdef", "of another file");
  remove_stale_temporaries(open_dir(dir.path()).get(), std::vector<std::string>{"a", "b"});
  EXPECT_THAT(names(dir), ElementsAre(".c.xpu-0123456789abcdef"));
}

TEST(RemoveStaleTemporaries, CleansUpAfterAKilledWriter) {
  const TempDir dir;
  const pid_t child = ::fork();
  if (child == 0) {
    // Dies in the write: SIGXFSZ is not caught.
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    write_file_atomic(open_dir(dir.path()).get(), dir.path(), "a", std::string(5000, 'x'), {});
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(names(dir).size(), 1u);  // the temporary
  remove_stale_temporaries(open_dir(dir.path()).get(), "a");
  EXPECT_THAT(names(dir), IsEmpty());
}

TEST(OpenStateDir, MakesTheLastTwoComponents) {
  const TempDir dir;
  EXPECT_TRUE(open_state_dir(dir / "xpu/catalog"));
  EXPECT_EQ(mode_of(dir / "xpu"), 0700u);
  EXPECT_EQ(mode_of(dir / "xpu/catalog"), 0700u);
  EXPECT_TRUE(open_state_dir(dir / "xpu/catalog"));
  EXPECT_EQ(
      error_of([&] { open_state_dir(dir / "one/two/three"); }),
      "cannot create the folder " + (dir / "one/two") + ": " + (dir / "one") + " does not exist");
}

TEST(OpenStateDir, RefusesWhatOthersCouldHaveMade) {
  const TempDir dir;
  std::filesystem::create_directories(dir / "real");
  std::filesystem::create_symlink(dir / "real", dir / "link");
  const std::string link =
      "the state folder " + (dir / "link") + " is a symbolic link or no folder; remove it";
  EXPECT_EQ(error_of([&] { open_state_dir(dir / "link"); }), link);
  dir.write("file", "");
  EXPECT_EQ(error_of([&] { open_state_dir(dir / "file"); }),
            "the state folder " + (dir / "file") + " is a symbolic link or no folder; remove it");
  EXPECT_EQ(error_of([&] { open_state_dir(dir / "file/below"); }),
            "cannot create the folder " + (dir / "file") +
                ": it is not a folder or was removed meanwhile");
  ::chmod((dir / "real").c_str(), 0777);
  EXPECT_EQ(error_of([&] { open_state_dir(dir / "real"); }),
            "the state folder " + (dir / "real") + " can be written by others; run: chmod go-w " +
                (dir / "real"));
  if (::geteuid() == 0) {
    ::chmod((dir / "real").c_str(), 0700);
    ASSERT_EQ(::chown((dir / "real").c_str(), 1234, 1234), 0);
    EXPECT_EQ(error_of([&] { open_state_dir(dir / "real"); }),
              "the state folder " + (dir / "real") +
                  " belongs to user 1234, not to user 0; remove it or run: chown 0 " +
                  (dir / "real"));
  }
}

TEST(OpenStateDir, WantsAnAbsolutePath) {
  for (const char* path : {"", "/", "run/xpu", "/run/xpu/"}) {
    EXPECT_THAT(error_of([&] { open_state_dir(path); }),
                HasSubstr("must be an absolute path without a slash at its end"))
        << path;
  }
}

TEST(ListDir, SortsAndNamesWhatCannotBeListed) {
  const TempDir dir;
  dir.write("b", "");
  dir.write("a", "");
  dir.write(".c", "");
  EXPECT_THAT(names(dir), ElementsAre(".c", "a", "b"));
  EXPECT_EQ(error_of([] { list_dir(-1, "/nowhere"); }),
            "cannot list the folder /nowhere: Bad file descriptor");
}

TEST(Hash, IsFnv1a) {
  EXPECT_EQ(hex64(fnv1a("")), "cbf29ce484222325");
  EXPECT_EQ(hex64(fnv1a("a")), "af63dc4c8601ec8c");
  EXPECT_EQ(hex64(fnv1a("foobar")), "85944171f73967e8");
  EXPECT_EQ(fnv1a("bar", fnv1a("foo")), fnv1a("foobar"));
  EXPECT_EQ(hex64(0xf), "000000000000000f");
}

TEST(Hash, OfATextTellsEveryChange) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    EXPECT_TRUE(seen.insert(hash_text(text.substr(0, size))).second) << size;
    EXPECT_TRUE(seen.insert(hash_text(std::string(size + 1, '\0'))).second) << size;
  }
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string other = text;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(seen.insert(hash_text(other)).second) << bit;
  }
  std::string swapped = text;
  std::swap_ranges(swapped.begin(), swapped.begin() + 8, swapped.begin() + 8);
  EXPECT_NE(hash_text(swapped), hash_text(text));
  EXPECT_EQ(hash_text(std::string(text)), hash_text(text));
}

TEST(AbsolutePath, IsCleanAndFromTheRoot) {
  EXPECT_EQ(absolute_path("/run//user/./1000/"), "/run/user/1000");
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_EQ(absolute_path("a/b"), std::filesystem::current_path() / "a/b");
  EXPECT_EQ(absolute_path(""), std::filesystem::current_path());
  EXPECT_EQ(absolute_path("/a/../b"), "/a/../b") << "what .. means depends on links";
}

}  // namespace
}  // namespace xpu
