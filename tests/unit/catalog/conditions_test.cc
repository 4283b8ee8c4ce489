// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/conditions.h"

#include "core/base/host.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;

class Conditions : public testing::Test {
 protected:
  Conditions() {
    char name[] = "/tmp/xpu-conditions-XXXXXX";
    dir_ = mkdtemp(name);
  }
  ~Conditions() override { fs::remove_all(dir_); }

  std::string path(const std::string& name) const { return dir_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  static std::vector<Condition> snapshot(ConditionKind kind, const std::string& path,
                                         const std::string& expected = "") {
    std::vector<Condition> conditions = {{kind, path, expected}};
    take_snapshot(conditions);
    return conditions;
  }
  static std::string change(const std::vector<Condition>& conditions) {
    std::string changed;
    return still_valid(conditions, &changed) ? "valid" : changed;
  }

  std::string dir_;
};

TEST_F(Conditions, StatSeesARewrite) {
  write("f", "one");
  const auto conditions = snapshot(ConditionKind::kStat, path("f"));
  EXPECT_EQ(change(conditions), "valid");
  write("g", "one");
  fs::rename(path("g"), path("f"));
  EXPECT_EQ(change(conditions), path("f") + " changed");
  fs::remove(path("f"));
  EXPECT_EQ(change(conditions), path("f") + " is gone");
}

TEST_F(Conditions, StatFollowsLinks) {
  write("f1", "one");
  write("f2", "two");
  fs::create_symlink("f1", path("f"));
  const auto conditions = snapshot(ConditionKind::kStat, path("f"));
  fs::remove(path("f"));
  fs::create_symlink("f2", path("f"));
  EXPECT_EQ(change(conditions), path("f") + " changed");
}

TEST_F(Conditions, StillMissingIsACondition) {
  for (ConditionKind kind :
       {ConditionKind::kStat, ConditionKind::kListing, ConditionKind::kContent}) {
    const std::string place = path("d/x");
    const auto conditions = snapshot(kind, place);
    EXPECT_EQ(conditions[0].expected, "missing");
    EXPECT_EQ(change(conditions), "valid");
    fs::create_directory(path("d"));
    if (kind == ConditionKind::kListing) {
      fs::create_directory(place);
    } else {
      write("d/x", "");
    }
    EXPECT_EQ(change(conditions), place + " appeared");
    fs::remove_all(path("d"));
  }
}

TEST_F(Conditions, ListingSeesNamesOnly) {
  fs::create_directory(path("d"));
  write("d/a", "1");
  const auto conditions = snapshot(ConditionKind::kListing, path("d"));
  write("d/a", "other");
  EXPECT_EQ(change(conditions), "valid");
  write("d/b", "");
  EXPECT_EQ(change(conditions), path("d") + " changed");
  fs::remove(path("d/b"));
  EXPECT_EQ(change(conditions), "valid");
  fs::rename(path("d/a"), path("d/c"));
  EXPECT_EQ(change(conditions), path("d") + " changed");
}

TEST_F(Conditions, ContentSeesBytesOnly) {
  write("f", "version 1");
  const auto conditions = snapshot(ConditionKind::kContent, path("f"));
  fs::last_write_time(path("f"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(change(conditions), "valid");
  write("f", "version 2");
  EXPECT_EQ(change(conditions), path("f") + " changed");
}

TEST_F(Conditions, ContentOfKernelFiles) {
  EXPECT_EQ(change(snapshot(ConditionKind::kContent, "/proc/version")), "valid");
  EXPECT_EQ(change(snapshot(ConditionKind::kListing, "/sys/class")), "valid");
}

TEST_F(Conditions, OfDeviceNodesAndSocketsIgnoreTimes) {
  const std::string node = path("node");
  if (mknod(node.c_str(), S_IFCHR | 0600, makedev(240, 1)) != 0) {
    GTEST_SKIP() << "needs root: mknod";
  }
  const auto conditions = snapshot(ConditionKind::kStat, node);
  const timespec times[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, node.c_str(), times, 0), 0);
  EXPECT_EQ(change(conditions), "valid");
  fs::remove(node);
  ASSERT_EQ(mknod(node.c_str(), S_IFCHR | 0600, makedev(240, 2)), 0);
  EXPECT_EQ(change(conditions), node + " changed");
  fs::remove(node);
  ASSERT_EQ(mknod(node.c_str(), S_IFSOCK | 0600, 0), 0);
  EXPECT_EQ(change(snapshot(ConditionKind::kStat, node)), "valid");
  EXPECT_EQ(change(conditions), node + " changed");
}

TEST_F(Conditions, TimeToLive) {
  auto conditions = snapshot(ConditionKind::kSeconds, "", "600");
  EXPECT_EQ(change(conditions), "valid");
  EXPECT_EQ(conditions[0].expected.substr(conditions[0].expected.find(' ') + 1), boot_id());
  conditions[0].expected = "1 " + boot_id();
  EXPECT_EQ(change(conditions), "its time to live is over");
  // An uptime from before a reboot says nothing.
  conditions[0].expected = "99999999999 00000000-0000-0000-0000-000000000000";
  EXPECT_EQ(change(conditions), "its time to live is over");
  for (const char* broken : {"", "99999999999", "x 1", "99999999999x "}) {
    conditions[0].expected = broken;
    EXPECT_EQ(change(conditions), "its time to live is over") << broken;
  }
}

// Anybody may put these into a folder such as /tmp.
TEST_F(Conditions, WhatCannotBeReadIsAValue) {
  fs::create_symlink("loop", path("loop"));
  fs::create_symlink(std::string(300, 'n'), path("long"));
  for (ConditionKind kind :
       {ConditionKind::kStat, ConditionKind::kListing, ConditionKind::kContent}) {
    for (const char* name : {"loop", "loop/below", "long"}) {
      const auto conditions = snapshot(kind, path(name));
      EXPECT_EQ(conditions[0].expected, "unreadable") << name;
      EXPECT_EQ(change(conditions), "valid") << name;
    }
  }
  const auto conditions = snapshot(ConditionKind::kStat, path("loop"));
  fs::remove(path("loop"));
  EXPECT_EQ(change(conditions), path("loop") + " is gone");
  write("loop", "");
  EXPECT_EQ(change(conditions), path("loop") + " changed");
}

TEST_F(Conditions, WhatMayNotBeReadIsAValue) {
  fs::create_directory(path("d"));
  write("d/f", "x");
  fs::permissions(path("d"), fs::perms::none);
  const bool root = geteuid() == 0;
  if (root && seteuid(65534) != 0) {
    GTEST_SKIP() << "cannot become another user";
  }
  const auto stat = snapshot(ConditionKind::kStat, path("d/f"));
  const auto listing = snapshot(ConditionKind::kListing, path("d"));
  const auto content = snapshot(ConditionKind::kContent, path("d/f"));
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  fs::permissions(path("d"), fs::perms::owner_all);
  EXPECT_EQ(stat[0].expected, "unreadable");
  EXPECT_EQ(listing[0].expected, "unreadable");
  EXPECT_EQ(content[0].expected, "unreadable");
  EXPECT_EQ(change(listing), path("d") + " changed");
}

TEST_F(Conditions, OtherTypesAreValues) {
  const auto folder = snapshot(ConditionKind::kStat, dir_);
  EXPECT_EQ(folder[0].expected.substr(0, 13), "other:folder:");
  write("f", "");
  EXPECT_EQ(change(folder), "valid");
  EXPECT_EQ(snapshot(ConditionKind::kListing, path("f"))[0].expected, "missing");
  ASSERT_EQ(mkfifo(path("p").c_str(), 0600), 0);
  for (ConditionKind kind : {ConditionKind::kStat, ConditionKind::kContent}) {
    const auto fifo = snapshot(kind, path("p"));
    EXPECT_EQ(fifo[0].expected.substr(0, 11), "other:fifo:");
    EXPECT_EQ(change(fifo), "valid");
  }
}

TEST_F(Conditions, ContentThatIsTooLargeIsWatchedFromOutside) {
  write("f", "x");
  const auto small = snapshot(ConditionKind::kContent, path("f"));
  write("f", std::string(65537, 'x'));
  EXPECT_EQ(change(small), path("f") + " changed");
  const auto large = snapshot(ConditionKind::kContent, path("f"));
  EXPECT_EQ(change(large), "valid");
  write("f", std::string(65538, 'x'));
  EXPECT_EQ(change(large), path("f") + " changed");
}

TEST_F(Conditions, KnowsKernelFilesystems) {
  EXPECT_TRUE(on_kernel_filesystem("/proc/version"));
  EXPECT_TRUE(on_kernel_filesystem("/proc/driver/acme/missing"));
  EXPECT_TRUE(on_kernel_filesystem("/sys/class"));
  EXPECT_FALSE(on_kernel_filesystem(dir_));
  EXPECT_FALSE(on_kernel_filesystem("/missing/acme"));
  // Whoever may write the folder could otherwise make a description invalid.
  fs::create_symlink("/proc", path("link"));
  EXPECT_FALSE(on_kernel_filesystem(path("link")));
  EXPECT_FALSE(on_kernel_filesystem(path("link/version")));
}

}  // namespace
}  // namespace xpu
