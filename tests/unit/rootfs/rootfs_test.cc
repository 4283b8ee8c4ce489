// SPDX-License-Identifier: Apache-2.0
#include "core/rootfs/rootfs.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <atomic>

#include "core/base/error.h"
#include "tests/unit/rootfs/tree.h"

namespace xpu {
namespace {

using test::link;
using test::manifest;
using test::put;
using test::Scratch;
using test::slurp;
namespace fs = std::filesystem;

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void make_socket(const fs::path& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(fd);
}

// Runs every test with openat2, without it (ENOSYS), and with a filter that says EPERM.
class InRoot : public testing::TestWithParam<int> {
 protected:
  InRoot() {
    fs::create_directories(root());
    put(outside() / "secret", "canary");
    put(outside() / "folder/file", "canary");
    link(outside() / "folder/link", "file");
  }
  fs::path root() const { return scratch_ / "root"; }
  fs::path outside() const { return scratch_ / "outside"; }
  static void run(const std::function<void()>& body) {
    if (GetParam() == 0) {
      body();
    } else {
      test::without_openat2(GetParam(), body);
    }
  }

  Scratch scratch_;
};

std::string name_of_case(const testing::TestParamInfo<int>& param) {
  return param.param == 0 ? "openat2" : param.param == ENOSYS ? "withoutOpenat2" : "forbidden";
}

INSTANTIATE_TEST_SUITE_P(Kernel, InRoot, testing::Values(0, ENOSYS, EPERM), name_of_case);

TEST_P(InRoot, LinksStayInside) {
  put(root() / "usr/lib/file", "inside");
  put(root() / "secret", "inside");
  link(root() / "lib", "usr/lib");
  link(root() / "abs", "/usr/lib/file");
  link(root() / "up", "../../../../../../secret");
  link(root() / "usr/chain", "../lib/../../../abs");
  run([&] {
    const Rootfs rootfs(root());
    EXPECT_EQ(rootfs.read("/lib/file", 100), "inside");
    EXPECT_EQ(rootfs.read("/abs", 100), "inside");
    EXPECT_EQ(rootfs.read("/up", 100), "inside");
    EXPECT_EQ(rootfs.read("/usr/chain", 100), "inside");
    EXPECT_EQ(rootfs.read_link("/lib"), "usr/lib");
    EXPECT_EQ(rootfs.read_link("/usr"), std::nullopt);
    EXPECT_EQ(rootfs.list("/lib"), std::vector<std::string>{"file"});
    EXPECT_TRUE(rootfs.list("/lib/file").empty());
  });
}

TEST_P(InRoot, WhatLeadsNowhereIsNotThere) {
  link(root() / "loop", "loop");
  link(root() / "gone", "/nothing/here");
  link(root() / "out", outside() / "secret");
  put(root() / "file", "x");
  run([&] {
    const Rootfs rootfs(root());
    for (const char* path : {"/loop", "/gone", "/out", "/file/below", "/none", "/loop/below"}) {
      EXPECT_FALSE(rootfs.stat(path)) << path;
      EXPECT_FALSE(rootfs.read(path, 100)) << path;
    }
    EXPECT_FALSE(rootfs.open("/none", O_PATH));
    EXPECT_FALSE(rootfs.open("/file/below", O_PATH));
    EXPECT_TRUE(rootfs.open("/loop", O_PATH | O_NOFOLLOW));
    EXPECT_NE(error_of([&] { rootfs.open("/loop", O_PATH); }).find("cannot open /loop in"),
              std::string::npos);
  });
}

TEST_P(InRoot, OnlyRegularFilesOfTheLimitAreRead) {
  put(root() / "file", "12345");
  ASSERT_EQ(::mkfifo((root() / "fifo").c_str(), 0644), 0);
  make_socket(root() / "socket");
  fs::create_directories(root() / "folder");
  run([&] {
    const Rootfs rootfs(root());
    EXPECT_EQ(rootfs.read("/file", 5), "12345");
    EXPECT_EQ(rootfs.read("/file", 4), std::nullopt);
    EXPECT_EQ(rootfs.read_head("/file", 4), "1234");
    EXPECT_EQ(rootfs.read_head("/file", 9), "12345");
    EXPECT_EQ(rootfs.read_head("/fifo", 9), "");
    EXPECT_EQ(rootfs.read_head("/none", 9), "");
    EXPECT_EQ(rootfs.read("/fifo", 100), std::nullopt);
    EXPECT_EQ(rootfs.read("/socket", 100), std::nullopt);
    EXPECT_EQ(rootfs.read("/folder", 100), std::nullopt);
  });
}

TEST_P(InRoot, MagicLinksOfProcfsAreNotFollowed) {
  fs::create_directories(root() / "proc");
  if (::mount("proc", (root() / "proc").c_str(), "proc", 0, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount procfs here";
  }
  run([&] {
    const Rootfs rootfs(root());
    const std::string own = "/proc/" + std::to_string(::getpid()) + "/root/etc";
    std::optional<struct stat> status;
    // openat2 refuses by an error, the walk follows the link's text within the root.
    error_of([&] { status = rootfs.stat(own); });
    EXPECT_FALSE(status);
  });
  ::umount((root() / "proc").c_str());
}

TEST_P(InRoot, MakesFoldersWithModeAndOwner) {
  fs::create_directories(root() / "usr/lib");
  link(root() / "lib", "usr/lib");
  const mode_t before = ::umask(077);
  run([&] {
    const Rootfs rootfs(root());
    EXPECT_TRUE(rootfs.make_folders("/lib/acme/deep", 1234, 1235));
    EXPECT_TRUE(rootfs.make_folders("/lib/acme/deep", 0, 0)) << "again";
  });
  ::umask(before);
  struct stat st {};
  ASSERT_EQ(::stat((root() / "usr/lib/acme/deep").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0755U);
  EXPECT_EQ(st.st_uid, 1234U);
  EXPECT_EQ(st.st_gid, 1235U);
  ASSERT_EQ(::stat((root() / "usr/lib").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 0U) << "a folder that was there keeps its owner";
}

TEST_P(InRoot, WritesAtomicallyWithModeAndOwner) {
  fs::create_directories(root() / "etc");
  run([&] {
    const Rootfs rootfs(root());
    rootfs.write("/etc/file", "one and more", 0640, 1234, 1235);
    rootfs.write("/etc/file", "two", 0640, 1234, 1235);
    rootfs.write("/top", "three", 0644, 0, 0);
  });
  EXPECT_EQ(slurp(root() / "etc/file"), "two");
  EXPECT_EQ(slurp(root() / "top"), "three");
  struct stat st {};
  ASSERT_EQ(::stat((root() / "etc/file").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0640U);
  EXPECT_EQ(st.st_uid, 1234U);
  EXPECT_EQ(st.st_gid, 1235U);
  EXPECT_EQ(std::distance(fs::directory_iterator(root() / "etc"), {}), 1) << "no temporary left";
}

TEST_P(InRoot, LinksAreCreatedReplacedOrLeftAlone) {
  fs::create_directories(root() / "lib");
  link(root() / "lib/old", outside() / "secret");
  put(root() / "lib/file", "kept");
  const auto before = manifest(outside());
  run([&] {
    const Rootfs rootfs(root());
    EXPECT_TRUE(rootfs.symlink("/lib/new", "libx.so.1", 1234, 1235));
    EXPECT_TRUE(rootfs.symlink("/lib/old", "libx.so.1", 0, 0));
    EXPECT_FALSE(rootfs.symlink("/lib/file", "libx.so.1", 0, 0));
    EXPECT_NE(error_of([&] {
                rootfs.symlink("/none/x", "y", 0, 0);
              }).find("cannot create the link /none/x in"),
              std::string::npos);
  });
  EXPECT_EQ(fs::read_symlink(root() / "lib/new"), "libx.so.1");
  EXPECT_EQ(fs::read_symlink(root() / "lib/old"), "libx.so.1");
  EXPECT_EQ(slurp(root() / "lib/file"), "kept");
  struct stat st {};
  ASSERT_EQ(::lstat((root() / "lib/new").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 1234U);
  const auto inode = st.st_ino;
  Rootfs(root()).symlink("/lib/new", "libx.so.1", 0, 0);
  ASSERT_EQ(::lstat((root() / "lib/new").c_str(), &st), 0);
  EXPECT_EQ(st.st_ino, inode) << "the same link there already is no change";
  EXPECT_EQ(manifest(outside()), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(root() / "lib"), {}), 3) << "no temporary left";
}

TEST_P(InRoot, WritableAsksTheNearestFolder) {
  fs::create_directories(root() / "etc");
  put(root() / "file", "x");
  run([&] {
    const Rootfs rootfs(root());
    EXPECT_TRUE(rootfs.writable("/etc"));
    EXPECT_TRUE(rootfs.writable("/etc/not/there"));
    EXPECT_TRUE(rootfs.writable("/"));
  });
}

TEST_P(InRoot, FoldersThatTheCallerMayNotEnterAreNotWritable) {
  fs::create_directories(root() / "etc/deep");
  ::chmod((root() / "etc").c_str(), 0700);
  ::chmod(root().c_str(), 0755);
  std::thread([&] {
    if (::syscall(SYS_setresuid, 1234, 1234, 1234) != 0) {
      GTEST_SKIP() << "cannot become another user here";
    }
    run([&] {
      const Rootfs rootfs(root());
      EXPECT_FALSE(rootfs.writable("/etc"));
      EXPECT_FALSE(rootfs.writable("/etc/deep"));
      EXPECT_FALSE(rootfs.writable("/"));
    });
  }).join();
}

// Too many open files is neither "not there" nor "not writable".
// No descriptor can be opened while one of these lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none = {0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_P(InRoot, ErrorsOfTheSystemAreErrors) {
  fs::create_directories(root() / "etc");
  link(root() / "link", "etc");
  std::string stat, link, writable;
  run([&] {
    const Rootfs rootfs(root());
    // The limit ends with the call, not with the error: sanitizers need descriptors to look at it.
    const auto error_without_descriptors = [](auto call) {
      return error_of([&] {
        const NoDescriptors limit;
        call();
      });
    };
    stat = error_without_descriptors([&] { rootfs.stat("/etc"); });
    link = error_without_descriptors([&] { rootfs.read_link("/link"); });
    writable = error_without_descriptors([&] { rootfs.writable("/etc"); });
  });
  const std::string end =
      " in the container's root file system " + root().string() + ": Too many open files";
  EXPECT_EQ(stat, "cannot look up /etc" + end);
  EXPECT_EQ(link, "cannot look up /link" + end);
  EXPECT_EQ(writable, "cannot look up /etc" + end);
}

TEST_P(InRoot, ReadOnlyFileSystemsAreNotWritableAndFailWhole) {
  fs::create_directories(root() / "etc");
  if (::mount(root().c_str(), root().c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount here";
  }
  ::mount(nullptr, root().c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr);
  run([&] {
    const Rootfs rootfs(root());
    EXPECT_FALSE(rootfs.writable("/etc"));
    EXPECT_FALSE(rootfs.writable("/etc/not/there"));
    EXPECT_NE(error_of([&] { rootfs.write("/etc/x", "y", 0644, 0, 0); }).find("Read-only"),
              std::string::npos);
    EXPECT_NE(error_of([&] {
                rootfs.make_folders("/a/b", 0, 0);
              }).find("cannot create the folder /a/b in"),
              std::string::npos);
    EXPECT_NE(error_of([&] {
                rootfs.symlink("/etc/x", "y", 0, 0);
              }).find("cannot create the link /etc/x in"),
              std::string::npos);
  });
  ::umount(root().c_str());
  EXPECT_TRUE(fs::is_empty(root() / "etc"));
}

// P1, P3, P4: for every component of every path that we create, put something hostile there.
enum class Trap { kAbsolute, kUp, kLoop, kDangling, kFifo, kSocket, kDevice, kFile, kHardLink };
constexpr Trap kTraps[] = {Trap::kAbsolute, Trap::kUp,   Trap::kLoop,
                           Trap::kDangling, Trap::kFifo, Trap::kSocket,
                           Trap::kDevice,   Trap::kFile, Trap::kHardLink};

void set_trap(Trap trap, const fs::path& at, const fs::path& outside) {
  fs::create_directories(at.parent_path());
  switch (trap) {
    case Trap::kAbsolute:
      fs::create_symlink(outside, at);
      break;
    case Trap::kUp:
      fs::create_symlink("../../../../../../../../.." + outside.string(), at);
      break;
    case Trap::kLoop:
      fs::create_symlink(at.filename(), at);
      break;
    case Trap::kDangling:
      fs::create_symlink("/nowhere/at/all", at);
      break;
    case Trap::kFifo:
      ASSERT_EQ(::mkfifo(at.c_str(), 0644), 0);
      break;
    case Trap::kSocket:
      make_socket(at);
      break;
    case Trap::kDevice:
      ASSERT_EQ(::mknod(at.c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
      break;
    case Trap::kFile:
      put(at, "a file");
      break;
    case Trap::kHardLink:
      fs::create_hard_link(outside / "secret", at);
      break;
  }
}

const char* const kOurPaths[] = {
    "/etc/ld.so.cache",
    "/etc/ld.so.conf.d/00-xpu.conf",
    "/usr/lib/x86_64-linux-gnu/libacme.so",
    "/lib/libacme.so",
};

TEST_P(InRoot, HostileComponentsNeverLeadOut) {
  const auto before = manifest(outside());
  for (const fs::path path : kOurPaths) {
    for (const Trap trap : kTraps) {
      fs::path component = "/";
      for (auto part = std::next(path.begin()); part != path.end(); ++part) {
        component /= *part;
        SCOPED_TRACE(path.string() + " with a trap at " + component.string() + ", kind " +
                     std::to_string(static_cast<int>(trap)));
        fs::remove_all(root());
        fs::create_directories(root());
        set_trap(trap, root() / component.relative_path(), outside());
        const bool last = component == path;
        run([&] {
          const Rootfs rootfs(root());
          for (const bool as_link : {false, true}) {
            const std::string error = error_of([&] {
              rootfs.make_folders(path.parent_path().string(), 0, 0);
              if (as_link) {
                rootfs.symlink(path.string(), "target", 0, 0);
              } else {
                rootfs.write(path.string(), "ours", 0644, 0, 0);
              }
            });
            if (last) {
              EXPECT_EQ(error, "");
            } else {
              EXPECT_NE(error.find(path.parent_path().string()), std::string::npos) << error;
            }
          }
        });
        if (last) {
          EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(root() / path.relative_path())));
          EXPECT_EQ(slurp(root() / path.relative_path()), "ours");
        }
        EXPECT_EQ(manifest(outside()), before);
      }
    }
  }
}

TEST_P(InRoot, FoldersInTheWayOfFilesAreErrors) {
  fs::create_directories(root() / "etc/ld.so.cache/x");
  run([&] {
    const Rootfs rootfs(root());
    EXPECT_NE(error_of([&] {
                rootfs.write("/etc/ld.so.cache", "x", 0644, 0, 0);
              }).find("etc/ld.so.cache"),
              std::string::npos);
    EXPECT_FALSE(rootfs.symlink("/etc/ld.so.cache", "x", 0, 0));
    EXPECT_NE(error_of([&] { rootfs.write("/etc/..", "x", 0644, 0, 0); }).find("names no file"),
              std::string::npos);
    EXPECT_NE(error_of([&] {
                rootfs.write("/none/x", "x", 0644, 0, 0);
              }).find("its folder does not exist"),
              std::string::npos);
  });
  EXPECT_EQ(std::distance(fs::directory_iterator(root() / "etc"), {}), 1) << "no temporary left";
}

// P7: a folder of the path changes to a link out and back while we write.
TEST_P(InRoot, RacingLinksNeverLeadOut) {
  fs::create_directories(root() / "usr/lib");
  fs::create_directories(outside() / "lib");
  fs::create_symlink(outside(), root() / "other");
  const auto before = manifest(outside());
  std::atomic<bool> done = false;
  std::thread flipper([&] {
    const std::string a = root() / "usr", b = root() / "other";
    while (!done) {
      ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), 2U /* RENAME_EXCHANGE */);
    }
  });
  int written = 0;
  run([&] {
    const Rootfs rootfs(root());
    // On a busy machine the other thread may rest for long while the link is in place.
    for (int i = 0; i < 2000 || (written == 0 && i < 1000000); ++i) {
      const std::string error = error_of([&] {
        rootfs.make_folders("/usr/lib/acme", 0, 0);
        rootfs.write("/usr/lib/acme/file", "ours", 0644, 0, 0);
        rootfs.symlink("/usr/lib/acme/link", i % 2 == 0 ? "a" : "b", 0, 0);
        ++written;
      });
      EXPECT_TRUE(error.empty() || error.find("/usr/lib/acme") != std::string::npos) << error;
    }
  });
  done = true;
  flipper.join();
  EXPECT_GT(written, 0);
  EXPECT_EQ(manifest(outside()), before);
}

TEST(Rootfs, MissingRootIsAnError) {
  EXPECT_EQ(
      error_of([] { Rootfs("/no/such/root"); }),
      "cannot open the container's root file system /no/such/root: No such file or directory");
}

}  // namespace
}  // namespace xpu
