// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/upkeep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "tests/unit/base/temp_dir.h"
#include "tests/unit/daemon/sample.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Node 1:3 is there on every host.
BackendStatus with_null() {
  BackendStatus out = test::backend({test::device("0", "A")});
  struct stat status = {};
  EXPECT_EQ(::stat("/dev/null", &status), 0);
  Node node;
  node.host_path = node.container_path = "/dev/null";
  node.major = major(status.st_rdev);
  node.minor = minor(status.st_rdev);
  out.catalog.edits.emplace_back().nodes.push_back(node);
  return out;
}

TEST(Links, AreMadeOnce) {
  test::TempDir temp;
  std::vector<std::string> problems;
  EXPECT_THAT(make_missing_links({with_null()}, temp.path(), &problems),
              ElementsAre(temp / "char/1:3: made, it leads to /dev/null"));
  EXPECT_EQ(std::filesystem::read_symlink(temp / "char/1:3"), "/dev/null");
  EXPECT_THAT(make_missing_links({with_null()}, temp.path(), &problems), IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
}

TEST(Links, OnlyOfBackendsThatAreReady) {
  test::TempDir temp;
  std::vector<std::string> problems;
  BackendStatus failed = with_null();
  failed.state = BackendState::kFailed;
  EXPECT_THAT(make_missing_links({failed}, temp.path(), &problems), IsEmpty());
}

TEST(Links, ThatCannotBeMadeAreSaid) {
  test::TempDir temp;
  temp.write("char", "a file");
  std::vector<std::string> problems;
  EXPECT_THAT(make_missing_links({with_null()}, temp.path(), &problems), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(HasSubstr("cannot create the link " + (temp / "char/1:3"))));
}

}  // namespace
}  // namespace xpu
