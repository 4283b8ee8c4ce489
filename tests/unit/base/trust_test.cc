// SPDX-License-Identifier: Apache-2.0
#include "core/base/trust.h"
#include "core/base/host.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/file.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using test::in_child;
using test::TempDir;
using ::testing::HasSubstr;

std::string contents(const std::string& path) {
  const Fd fd = open_trusted(path, TrustKind::kFile);
  return fd ? read_fd(fd.get(), path, 1000) : "absent";
}

std::string error_for(const std::string& path, TrustKind kind) {
  return error_of([&] { open_trusted(path, kind); });
}

void give(const std::string& path, unsigned uid) {
  ASSERT_EQ(::lchown(path.c_str(), uid, uid), 0);
}

TEST(OpenTrusted, ReturnsTheCheckedFile) {
  const TempDir dir;
  EXPECT_EQ(contents(dir.write("sub/a", "text")), "text");
  EXPECT_EQ(contents(dir.path() + "//sub/./../sub/a"), "text");
  const Fd fd = open_trusted(dir / "sub/a", TrustKind::kFile);
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::fcntl(fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST(OpenTrusted, SaysNothingAboutWhatIsNotThere) {
  const TempDir dir;
  dir.write("file", "");
  for (const TrustKind kind : {TrustKind::kFile, TrustKind::kProgram, TrustKind::kLibrary,
                               TrustKind::kFolder, TrustKind::kParent}) {
    EXPECT_FALSE(open_trusted(dir / "missing", kind));
    EXPECT_FALSE(open_trusted(dir / "missing/below", kind));
    EXPECT_FALSE(open_trusted(dir / "file/below", kind));
  }
  EXPECT_FALSE(open_trusted(dir / "file", TrustKind::kFolder));
}

TEST(OpenTrusted, WantsAnAbsolutePath) {
  EXPECT_EQ(error_for("etc/passwd", TrustKind::kFile), "the path 'etc/passwd' must be absolute");
  EXPECT_EQ(error_for("", TrustKind::kFile), "the path '' must be absolute");
}

TEST(OpenTrusted, RefusesAFileThatOthersCanWrite) {
  const TempDir dir;
  const std::string file = dir.write("a", "", 0664);
  EXPECT_EQ(error_for(file, TrustKind::kFile),
            "refusing " + file + ": it can be written by group or others (owner " +
                (::geteuid() == 0 ? "root" : "user " + std::to_string(::geteuid())) +
                ", mode 0664); run: chmod go-w " + file);
  ::chmod(file.c_str(), 0602);
  EXPECT_THAT(error_for(file, TrustKind::kFile), HasSubstr("mode 0602"));
}

TEST(OpenTrusted, RefusesAFolderOnTheWayThatOthersCanWrite) {
  const TempDir dir;
  const std::string file = dir.write("open/below/a", "");
  ::chmod((dir / "open").c_str(), 0777);
  EXPECT_THAT(error_for(file, TrustKind::kFile),
              HasSubstr("refusing " + file + ": " + (dir / "open") +
                        " can be written by group or others (owner "));
  EXPECT_THAT(error_for(file, TrustKind::kFile),
              HasSubstr("mode 0777); run: chmod go-w " + (dir / "open")));
}

TEST(OpenTrusted, AcceptsAStickyFolderForWhatLiesBelow) {
  const TempDir dir;
  const std::string file = dir.write("sticky/a", "text");
  ::chmod((dir / "sticky").c_str(), 01777);
  EXPECT_EQ(contents(file), "text");
  EXPECT_TRUE(open_trusted(dir / "sticky", TrustKind::kParent));
  EXPECT_THAT(error_for(dir / "sticky", TrustKind::kFolder),
              HasSubstr("mode 1777); run: chmod go-w"));
}

TEST(OpenTrusted, RefusesForeignOwners) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const TempDir dir;
  const std::string file = dir.write("sub/a", "");
  give(file, 1234);
  EXPECT_EQ(error_for(file, TrustKind::kFile),
            "refusing " + file +
                ": it belongs to user 1234 (mode 0644), not to root; run: chown "
                "root " +
                file + " && chmod go-w " + file);
  give(file, 0);
  give(dir / "sub", 1234);
  EXPECT_EQ(error_for(file, TrustKind::kFile),
            "refusing " + file + ": " + (dir / "sub") +
                " belongs to user 1234 (mode 0755), not to root; run: chown root " + (dir / "sub") +
                " && chmod go-w " + (dir / "sub"));
  ::chmod((dir / "sub").c_str(), 01777);
  EXPECT_THAT(error_for(file, TrustKind::kFile), HasSubstr("belongs to user 1234 (mode 1777)"));
}

TEST(OpenTrusted, FollowsTrustedSymlinks) {
  const TempDir dir;
  dir.write("real/a", "text");
  std::filesystem::create_symlink("real", dir / "relative");
  std::filesystem::create_symlink(dir / "real", dir / "absolute");
  std::filesystem::create_symlink("../relative/a", dir / "real/b");
  for (const char* name : {"relative/a", "absolute/a", "relative/b", "absolute/../real/b"}) {
    EXPECT_EQ(contents(dir / name), "text") << name;
  }
}

TEST(OpenTrusted, ChecksWhereASymlinkLeads) {
  const TempDir dir;
  const std::string target = dir.write("open/a", "");
  ::chmod((dir / "open").c_str(), 0777);
  std::filesystem::create_symlink(target, dir / "link");
  EXPECT_THAT(error_for(dir / "link", TrustKind::kFile),
              HasSubstr("refusing " + (dir / "link") + ": " + (dir / "open") +
                        " can be written by group or others"));
  std::filesystem::create_symlink("nowhere", dir / "dangling");
  EXPECT_FALSE(open_trusted(dir / "dangling", TrustKind::kFile));
}

TEST(OpenTrusted, RefusesSymlinksOfOthers) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const TempDir dir;
  dir.write("a", "");
  std::filesystem::create_symlink("a", dir / "link");
  give(dir / "link", 1234);
  EXPECT_EQ(error_for(dir / "link", TrustKind::kFile),
            "refusing " + (dir / "link") +
                ": it belongs to user 1234 (mode 0777), not to root; run: chown -h root " +
                (dir / "link"));
}

TEST(OpenTrusted, EndsInSymlinkLoops) {
  const TempDir dir;
  std::filesystem::create_symlink("b", dir / "a");
  std::filesystem::create_symlink("a", dir / "b");
  EXPECT_EQ(error_for(dir / "a", TrustKind::kFile),
            "cannot open " + (dir / "a") + ": too many symbolic links");
}

TEST(OpenTrusted, RefusesWhatIsNoRegularFile) {
  const TempDir dir;
  ::mkfifo((dir / "fifo").c_str(), 0600);
  EXPECT_EQ(error_for(dir / "fifo", TrustKind::kFile), (dir / "fifo") + " is not a regular file");
  EXPECT_EQ(error_for("/dev/null", TrustKind::kProgram), "/dev/null is not a regular file");
  EXPECT_EQ(error_for(dir.path(), TrustKind::kFile),
            dir.path() + " is a folder, not a regular file");
}

TEST(OpenTrusted, WantsProgramsToBeExecutable) {
  const TempDir dir;
  const std::string file = dir.write("tool", "", 0644);
  EXPECT_EQ(error_for(file, TrustKind::kProgram),
            file + " is not executable (mode 0644); run: chmod +x " + file);
  ::chmod(file.c_str(), 0755);
  const Fd fd = open_trusted(file, TrustKind::kProgram);
  EXPECT_NE(::fcntl(fd.get(), F_GETFL) & O_PATH, 0);
}

TEST(OpenTrusted, WantsLibrariesToBePlainFiles) {
  const TempDir dir;
  const std::string file = dir.write("libx.so", "bytes");
  EXPECT_TRUE(open_trusted(file, TrustKind::kLibrary));
  std::filesystem::create_symlink("libx.so", dir / "link.so");
  EXPECT_EQ(error_for(dir / "link.so", TrustKind::kLibrary),
            (dir / "link.so") + " is a symbolic link; put the library itself there");
  std::filesystem::create_hard_link(file, dir / "hard.so");
  EXPECT_EQ(error_for(file, TrustKind::kLibrary),
            file + " has 2 hard links; install a copy of its own");
  std::filesystem::remove(dir / "hard.so");
  ::chmod(file.c_str(), 04755);
  EXPECT_EQ(error_for(file, TrustKind::kLibrary),
            file + " is set-user-ID or set-group-ID (mode 4755); run: chmod ug-s " + file);
}

TEST(OpenTrusted, OpensFoldersForReading) {
  const TempDir dir;
  dir.write("a", "");
  const Fd fd = open_trusted(dir.path(), TrustKind::kFolder);
  EXPECT_EQ(list_dir(fd.get(), dir.path()), std::vector<std::string>{"a"});
}

TEST(OpenTrusted, GoesOnFromAFolderThatItHasChecked) {
  const TempDir dir;
  dir.write("sub/a", "text");
  dir.write("b", "other");
  ASSERT_EQ(::symlink("../b", (dir / "sub/relative").c_str()), 0);
  ASSERT_EQ(::symlink((dir / "b").c_str(), (dir / "sub/absolute").c_str()), 0);
  const std::string loose = dir.write("sub/loose", "text");
  ASSERT_EQ(::chmod(loose.c_str(), 0666), 0);
  const std::string folder = dir / "sub";
  const Fd fd = open_trusted(folder, TrustKind::kFolder);
  const auto text = [&](const std::string& name) {
    const Fd file = open_trusted_in(fd, folder, name, TrustKind::kFile);
    return file ? read_fd(file.get(), name, 1000) : "absent";
  };
  EXPECT_EQ(text("a"), "text");
  EXPECT_EQ(text("relative"), "other");
  EXPECT_EQ(text("absolute"), "other");
  EXPECT_EQ(text("missing"), "absent");
  EXPECT_EQ(error_of([&] { text("loose"); }), error_for(loose, TrustKind::kFile));
}

TEST(OpenTrusted, BelievesAnUnprivilegedCallersOwnFiles) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0755);
  const std::string mine = dir.write("mine", "text");
  const std::string theirs = dir.write("theirs", "text");
  give(mine, 12345);
  give(theirs, 12346);
  const auto as_user = [](const std::string& path) {
    return in_child([&] {
      test::become_user(12345);
      return contents(path);
    });
  };
  EXPECT_EQ(as_user(mine), "text");
  EXPECT_THAT(as_user(theirs), HasSubstr("belongs to user 12346 (mode 0644), not to root or user "
                                         "12345; run: chown root "));
}

// In a user namespace root of the host shows as the overflow uid.
TEST(OpenTrusted, BelievesTheHostsRootInAUserNamespace) {
  const TempDir dir;
  const std::string file = dir.write("a", "text");
  ::chmod(dir.path().c_str(), 0755);
  const std::string inside = in_child([&]() -> std::string {
    if (::geteuid() == 0) {
      test::become_user(12345);
    }
    if (::unshare(CLONE_NEWUSER) != 0) {
      return "no user namespaces";
    }
    EXPECT_TRUE(in_user_namespace());
    return contents(file);
  });
  if (inside == "no user namespaces") {
    GTEST_SKIP() << "user namespaces are not available";
  }
  EXPECT_EQ(inside, "text");
}

TEST(TrustedOwner, DoesNotBelieveTheOverflowUserOutsideUserNamespaces) {
  if (in_user_namespace()) {
    GTEST_SKIP() << "runs in a user namespace";
  }
  EXPECT_TRUE(trusted_owner(0));
  EXPECT_TRUE(trusted_owner(::geteuid()));
  EXPECT_FALSE(trusted_owner(65534));
  EXPECT_FALSE(trusted_owner(::geteuid() + 1));
}

}  // namespace
}  // namespace xpu
