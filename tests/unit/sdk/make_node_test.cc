// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/make_node.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

class MakeNode : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs root: mknod";
    }
  }
  struct stat stat_of(const std::string& inside) const {
    struct stat info {};
    EXPECT_EQ(lstat(tree_.at(inside).c_str(), &info), 0) << inside;
    return info;
  }
  test::Tree tree_;
};

TEST_F(MakeNode, HasItsNumbersModeAndOwnerWhateverTheUmask) {
  const mode_t before = umask(0077);
  EXPECT_EQ(make_node(tree_.at("/dev/acme-caps/cap1"), {511, 70000, 0640, 12, 34}), "");
  umask(before);
  const struct stat info = stat_of("/dev/acme-caps/cap1");
  EXPECT_TRUE(S_ISCHR(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777U, 0640u);
  EXPECT_EQ(info.st_uid, 12u);
  EXPECT_EQ(info.st_gid, 34u);
  EXPECT_EQ(gnu_dev_major(info.st_rdev), 511u);
  EXPECT_EQ(gnu_dev_minor(info.st_rdev), 70000u);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(tree_.at("/dev/acme-caps"))) {
    names.push_back(entry.path().filename());
  }
  EXPECT_EQ(names, std::vector<std::string>{"cap1"}) << "nothing else is left behind";
}

TEST_F(MakeNode, LeavesWhatIsThere) {
  tree_.file("/dev/acme0", "a file");
  tree_.link("/dev/acme1", "nowhere");
  EXPECT_EQ(make_node(tree_.at("/dev/acme0"), {511, 0}), "");
  EXPECT_EQ(make_node(tree_.at("/dev/acme1"), {511, 1}), "");
  EXPECT_EQ(test::bytes_of(tree_.at("/dev/acme0")), "a file");
  EXPECT_TRUE(S_ISLNK(stat_of("/dev/acme1").st_mode));
  ASSERT_EQ(make_node(tree_.at("/dev/acme2"), {511, 2, 0600}), "");
  EXPECT_EQ(make_node(tree_.at("/dev/acme2"), {511, 3, 0666}), "");
  EXPECT_EQ(gnu_dev_minor(stat_of("/dev/acme2").st_rdev), 2u);
  EXPECT_EQ(stat_of("/dev/acme2").st_mode & 07777U, 0600u);
}

TEST_F(MakeNode, NamesThePathThatCannotBeMade) {
  tree_.file("/dev/acme", "a file");
  EXPECT_EQ(make_node(tree_.at("/dev/acme/cap1"), {511, 1}),
            "cannot create the device node " + tree_.at("/dev/acme/cap1") + ": Not a directory");
  EXPECT_EQ(make_node(tree_.at("/dev/acme/caps/cap1"), {511, 1}),
            "cannot create the folder " + tree_.at("/dev/acme/caps") + ": Not a directory");
}

// Several processes describe a host at once after boot.
TEST_F(MakeNode, ByManyAtOnceIsOneNode) {
  for (int round = 0; round < 50; ++round) {
    const std::string path = tree_.at("/dev/acme" + std::to_string(round));
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
      const pid_t child = fork();
      if (child == 0) {
        struct stat info {};
        const bool right = make_node(path, {511, 7, 0660, 0, 44}).empty() &&
                           stat(path.c_str(), &info) == 0 && (info.st_mode & 0777U) == 0660U &&
                           info.st_gid == 44;
        _exit(right ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
  }
}

}  // namespace
}  // namespace xpu::sdk
