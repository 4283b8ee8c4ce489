// SPDX-License-Identifier: Apache-2.0
#include "core/setup/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/file.h"
#include "tests/unit/setup/samples.h"

namespace xpu::setup {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() {
    char name[] = "/tmp/xpu-setup.XXXXXX";
    dir_ = ::mkdtemp(name);
  }
  ~Files() override { fs::remove_all(dir_); }

  std::string at(const std::string& name) const { return dir_ + name; }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name)) << text;
  }
  std::string read(const std::string& name) const { return read_file(at(name), 1 << 20); }

  std::string dir_;
};

TEST_F(Files, AreReplacedWithModeOwnerAttributesAndABackup) {
  put("/d/f", "old");
  ASSERT_EQ(::chmod(at("/d/f").c_str(), 0640), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(at("/d/f").c_str(), 5, 6), 0);
  }
  const bool attributes = ::setxattr(at("/d/f").c_str(), "security.selinux", "ctx", 3, 0) == 0;
  const ConfigFile file("", at("/d/f"));
  EXPECT_EQ(file.text(), "old");
  file.apply({"new", file.text(), "w"});
  for (const char* name : {"/d/f", "/d/f.xpu-backup", "/d/f.xpu-written"}) {
    struct stat st {};
    ASSERT_EQ(::stat(at(name).c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0640U);
    if (::geteuid() == 0) {
      EXPECT_EQ(st.st_uid, 5U);
      EXPECT_EQ(st.st_gid, 6U);
    }
    char value[8] = {};
    if (attributes) {
      EXPECT_EQ(::getxattr(at(name).c_str(), "security.selinux", value, sizeof value), 3);
      EXPECT_STREQ(value, "ctx");
    }
  }
  EXPECT_EQ(read("/d/f"), "new");
  EXPECT_EQ(read("/d/f.xpu-backup"), "old");
  const ConfigFile again("", at("/d/f"));
  EXPECT_EQ(again.kept().backup, "old");
  again.apply({"old", std::nullopt, std::nullopt});
  EXPECT_EQ(read("/d/f"), "old");
  EXPECT_FALSE(fs::exists(at("/d/f.xpu-backup")));
  EXPECT_FALSE(fs::exists(at("/d/f.xpu-written")));
}

// An access list as the kernel has it: the owner, user 7, the group, the mask, the others.
std::string access_list(char user, char mask) {
  const std::string none = "\xff\xff\xff\xff";
  const auto entry = [](char tag, char rights, const std::string& id) {
    return std::string{tag, 0, rights, 0} + id;
  };
  return std::string("\2\0\0\0", 4) + entry(1, 6, none) +
         entry(2, user, std::string("\7\0\0\0", 4)) + entry(4, 4, none) + entry(16, mask, none) +
         entry(32, 0, none);
}

std::string attribute(const std::string& path, const char* name) {
  std::string value(70000, '\0');
  const ssize_t size = ::getxattr(path.c_str(), name, value.data(), value.size());
  return size < 0 ? "none" : value.substr(0, static_cast<std::size_t>(size));
}

bool set_attribute(const std::string& path, const char* name, const std::string& value) {
  return ::setxattr(path.c_str(), name, value.data(), value.size(), 0) == 0;
}

TEST_F(Files, KeepTheirAccessLists) {
  constexpr const char* kList = "system.posix_acl_access";
  put("/d/f", "old");
  const std::string list = access_list(4, 4);
  if (!set_attribute(at("/d/f"), kList, list)) {
    GTEST_SKIP() << "no access lists on the file system of " << dir_;
  }
  struct stat before {};
  ASSERT_EQ(::stat(at("/d/f").c_str(), &before), 0);
  const ConfigFile file("", at("/d/f"));
  file.apply({"new", "old", "w"});
  for (const char* name : {"/d/f", "/d/f.xpu-backup", "/d/f.xpu-written"}) {
    EXPECT_EQ(attribute(at(name), kList), list) << name;
    struct stat after {};
    ASSERT_EQ(::stat(at(name).c_str(), &after), 0);
    EXPECT_EQ(after.st_mode, before.st_mode);
  }
}

TEST_F(Files, GetNoAccessListOfTheirFolder) {
  put("/d/f", "old");
  ASSERT_EQ(::chmod(at("/d/f").c_str(), 0640), 0);
  if (!set_attribute(at("/d"), "system.posix_acl_default", access_list(7, 7))) {
    GTEST_SKIP() << "no access lists on the file system of " << dir_;
  }
  const ConfigFile file("", at("/d/f"));
  file.apply({"new", "old", "w"});
  EXPECT_EQ(attribute(at("/d/f"), "system.posix_acl_access"), "none");
  EXPECT_EQ(fs::status(at("/d/f")).permissions(), fs::perms(0640));
}

TEST_F(Files, KeepAttributesOfAnySize) {
  put("/d/f", "old");
  const std::string large(20000, 'x');
  const bool has_large = set_attribute(at("/d/f"), "user.large", large);
  const bool has_many = set_attribute(at("/d/f"), "user.small", "s");
  if (!has_large && !has_many) {
    GTEST_SKIP() << "no attributes of users on the file system of " << dir_;
  }
  ASSERT_EQ(::chmod(at("/d/f").c_str(), 0444), 0);
  const ConfigFile file("", at("/d/f"));
  file.apply({"new", "old", "w"});
  EXPECT_EQ(attribute(at("/d/f"), "user.large"), has_large ? large : "none");
  EXPECT_EQ(attribute(at("/d/f"), "user.small"), "s");
}

TEST_F(Files, WithAnAttributeThatWouldBeLostStay) {
  put("/f", "old");
  constexpr uid_t kUser = 4242;
  if (::geteuid() != 0 || !set_attribute(at("/f"), "security.xpu", "label")) {
    GTEST_SKIP() << "only root can give a file an attribute that its owner cannot";
  }
  ASSERT_EQ(::chown(dir_.c_str(), kUser, kUser), 0);
  ASSERT_EQ(::chown(at("/f").c_str(), kUser, kUser), 0);
  ASSERT_EQ(::seteuid(kUser), 0);
  const ConfigFile file("", at("/f"));
  const std::string error = error_of([&] { file.apply({"new", "old", "w"}); });
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(error, "cannot replace " + at("/f.xpu-backup") +
                       ", as its attribute security.xpu would be lost: Operation not permitted");
  EXPECT_EQ(read("/f"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()), 1);
}

TEST_F(Files, OfRootAreInFoldersThatAllCanRead) {
  const mode_t mask = ::umask(077);
  const ConfigFile file("", at("/a/b/f"));
  file.apply({"x", std::nullopt, "w"});
  ::umask(mask);
  const fs::perms expected = fs::perms(::geteuid() == 0 ? 0755 : 0700);
  EXPECT_EQ(fs::status(at("/a")).permissions(), expected);
  EXPECT_EQ(fs::status(at("/a/b")).permissions(), expected);
  EXPECT_EQ(fs::status(at("/a/b/f")).permissions(), fs::perms(0644));
}

TEST_F(Files, ThatGoAndComeBackAreAsTheyWere) {
  put("/f", "old");
  put("/f.xpu-written", "w");
  ASSERT_EQ(::chmod(at("/f").c_str(), 0604), 0);
  const ConfigFile file("", at("/f"));
  file.apply({});
  EXPECT_FALSE(fs::exists(at("/f")));
  file.undo({});
  EXPECT_EQ(read("/f"), "old");
  EXPECT_EQ(read("/f.xpu-written"), "w");
  EXPECT_EQ(fs::status(at("/f")).permissions(), fs::perms(0604));
}

TEST_F(Files, AreMadeWithTheirFoldersAndRemoved) {
  const ConfigFile file("", at("/a/b/f"));
  EXPECT_EQ(file.text(), std::nullopt);
  file.apply({"x", std::nullopt, std::nullopt});
  EXPECT_EQ(read("/a/b/f"), "x");
  EXPECT_EQ(fs::status(at("/a/b/f")).permissions(), fs::perms(0644));
  ConfigFile("", at("/a/b/f")).apply({});
  EXPECT_TRUE(fs::is_empty(at("/a/b")));
}

TEST_F(Files, OfADropInFolderHaveTheirBackupAboveIt) {
  put("/x.conf.d/f.conf", "old");
  const ConfigFile file("", at("/x.conf.d/f.conf"));
  file.apply({"new", file.text(), "w"});
  EXPECT_EQ(read("/f.conf.xpu-backup"), "old");
  EXPECT_FALSE(fs::exists(at("/x.conf.d/f.conf.xpu-backup")));
}

TEST_F(Files, BehindLinksAreWhatIsReplaced) {
  put("/real/f", "old");
  fs::create_symlink("real", at("/folder"));
  fs::create_symlink("folder/f", at("/link"));
  const ConfigFile file("", at("/link"));
  EXPECT_EQ(file.real_path(), at("/real/f"));
  file.apply({"new", file.text(), "w"});
  EXPECT_TRUE(fs::is_symlink(at("/link")));
  EXPECT_EQ(read("/real/f"), "new");
  EXPECT_EQ(read("/real/f.xpu-backup"), "old");
}

TEST_F(Files, BelowARootFollowLinksInsideIt) {
  put("/etc/real", "x");
  fs::create_symlink("/etc/real", at("/etc/absolute"));
  fs::create_symlink("../../../etc/real", at("/etc/up"));
  EXPECT_EQ(resolve_in(dir_, "/etc/absolute"), at("/etc/real"));
  EXPECT_EQ(resolve_in(dir_, "/etc/up"), at("/etc/real"));
  EXPECT_EQ(resolve_in(dir_, "/etc/./none/../new"), at("/etc/new"));
  fs::create_symlink("b", at("/a"));
  fs::create_symlink("a", at("/b"));
  EXPECT_EQ(error_of([&] { resolve_in(dir_, "/a"); }),
            "cannot follow /a: its links lead in a circle");
}

TEST_F(Files, ThatALinkLeadsToAreMade) {
  fs::create_directory(at("/target"));
  fs::create_symlink("target/f", at("/link"));
  ConfigFile("", at("/link")).apply({"x", std::nullopt, std::nullopt});
  EXPECT_EQ(read("/target/f"), "x");
  EXPECT_TRUE(fs::is_symlink(at("/link")));
}

TEST_F(Files, ThatSomebodyChangedMeanwhileStay) {
  put("/f", "old");
  const ConfigFile file("", at("/f"));
  put("/f", "theirs");
  EXPECT_EQ(error_of([&] {
              file.apply({"new", file.text(), "w"});
            }),
            at("/f") + " was changed meanwhile by somebody else; nothing was done, try again");
  EXPECT_EQ(read("/f"), "theirs");
  EXPECT_FALSE(fs::exists(at("/f.xpu-backup")));
}

TEST_F(Files, AreAsTheyWereAfterUndo) {
  put("/f", "old");
  const ConfigFile file("", at("/f"));
  const Kept change{"new", "old", "w"};
  file.apply(change);
  file.undo(change);
  EXPECT_EQ(read("/f"), "old");
  EXPECT_FALSE(fs::exists(at("/f.xpu-backup")));
  const ConfigFile fresh("", at("/g"));
  fresh.apply({"new", std::nullopt, "w"});
  fresh.undo({"new", std::nullopt, "w"});
  EXPECT_FALSE(fs::exists(at("/g")));
}

TEST_F(Files, ThatAreNoneAreRefused) {
  fs::create_directory(at("/folder"));
  EXPECT_EQ(error_of([&] { ConfigFile("", at("/folder")); }),
            "cannot read " + at("/folder") + ": it is not a regular file");
}

}  // namespace
}  // namespace xpu::setup
