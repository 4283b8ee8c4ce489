// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/conditions.h"

#include "core/base/host.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

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

TEST_F(Conditions, WrongTypesAreErrors) {
  const auto error = [](ConditionKind kind, const std::string& place) -> std::string {
    try {
      snapshot(kind, place);
    } catch (const Error& caught) {
      return caught.what();
    }
    return "no error";
  };
  EXPECT_EQ(error(ConditionKind::kStat, dir_),
            dir_ +
                ": a condition of kind stat is for a regular file, a device node or a socket; "
                "use kind listing for a folder");
  write("f", std::string(65537, 'x'));
  EXPECT_EQ(error(ConditionKind::kListing, path("f")), "no error");  // not a folder: missing
  EXPECT_THAT(error(ConditionKind::kContent, path("f")), HasSubstr(path("f")));
  ASSERT_EQ(mkfifo(path("p").c_str(), 0600), 0);
  EXPECT_THAT(error(ConditionKind::kContent, path("p")), HasSubstr(path("p")));
}

TEST_F(Conditions, AFileThatBecomesUnreadableIsAChange) {
  write("f", "x");
  const auto conditions = snapshot(ConditionKind::kContent, path("f"));
  write("f", std::string(65537, 'x'));
  EXPECT_THAT(change(conditions), HasSubstr(path("f")));
}

TEST_F(Conditions, KnowsKernelFilesystems) {
  EXPECT_TRUE(on_kernel_filesystem("/proc/version"));
  EXPECT_TRUE(on_kernel_filesystem("/proc/driver/acme/missing"));
  EXPECT_TRUE(on_kernel_filesystem("/sys/class"));
  EXPECT_FALSE(on_kernel_filesystem(dir_));
  EXPECT_FALSE(on_kernel_filesystem("/missing/acme"));
}

}  // namespace
}  // namespace xpu
